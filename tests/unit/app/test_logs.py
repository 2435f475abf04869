"""Log lines: one event each, without secrets, and without what libraries print of their requests."""

import io
import logging
import os
import re
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from aiprobe import logs
from aiprobe.core.outcomes import Outcome
from aiprobe.core.secret import Redactor, Secret
from aiprobe.core.tracked import Tracked
from aiprobe.resultlog import ResultLog
from tests.builders import a_finished, a_provider, a_result, a_target

TOKEN = "IQoJb3JpZ2luX2VjEPlanted//////////wEaCXVzLWVhc3QtMSJHMEUCIQD"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Log at the level debug into a buffer, and put the levels and handlers back afterwards."""
    root, buffer = logging.getLogger(), io.StringIO()
    monkeypatch.setattr(root, "handlers", [])
    before = root.level
    monkeypatch.setattr("sys.stderr", buffer)
    logs.set_up(level="debug", log_format="logfmt", redact=Redactor([Secret(TOKEN)]))
    yield buffer
    root.setLevel(before)


@pytest.mark.parametrize("library", ["botocore.auth", "urllib3.connectionpool", "google.auth", "azure.core", "msal"])
def test_no_library_prints_its_requests_at_any_level(lines: io.StringIO, library: str) -> None:
    logging.getLogger(library).debug("x-amz-security-token:%s", "a-token-that-nobody-handed-over")
    logging.getLogger(library).info("the same")
    logging.getLogger(library).warning("a warning")
    assert [line.partition("msg=")[2] for line in lines.getvalue().splitlines()] == ['"a warning"']


def test_a_secret_is_masked_in_messages_fields_and_tracebacks(lines: io.StringIO) -> None:
    try:
        int(TOKEN)
    except ValueError:
        logging.getLogger("aiprobe").exception("sent %s", TOKEN[:-3], extra={"field": TOKEN[3:]})
    shown = lines.getvalue()
    assert "Planted" not in shown
    assert shown.count("***") == 3


def test_a_long_field_is_cut_before_and_after_the_search(lines: io.StringIO) -> None:
    logging.getLogger("aiprobe").info("%s", "x" * 100_000)
    assert len(lines.getvalue()) < 8192 + 200


def test_a_refused_key_is_logged_with_the_account_that_it_belongs_to(lines: io.StringIO) -> None:
    target = a_target(provider=a_provider(key="batch-team"))
    ResultLog({target.name: Tracked(target)}).finished(a_finished(target, a_result(Outcome.AUTH)))
    assert "account=batch-team" in lines.getvalue()
    assert "outcome=auth" in lines.getvalue()


def test_a_reader_that_stops_reading_blocks_nobody_and_is_told_how_many_lines_it_lost(lines: io.StringIO) -> None:
    reader, full = os.pipe()
    with closing(logs.LineWriter(full)) as stream, os.fdopen(reader, encoding="utf-8") as read:
        logs.set_up(level="info", log_format="logfmt", redact=str, stream=stream)
        for number in range(5000):
            logging.getLogger("aiprobe").info("%s", f"line-{number:04d}-" + "x" * 100)
        got = []
        for line in read:
            got.append(line)
            if "log lines are lost" in line:
                break
        lost = int(re.findall(r"lines=(\d+)", got[-1])[0])
        numbers = [int(number) for number in re.findall(r"line-(\d{4})-", "".join(got))]
        assert numbers == sorted(set(numbers)), "in their order, none twice"
        assert len(numbers) + lost == 5000
        assert lost > 0
    os.close(full)
    assert lines.getvalue() == ""


@pytest.mark.parametrize("trouble", ["nobody reads", "no reader", "closed", "full device"])
def test_a_stream_that_takes_nothing_ends_nothing(trouble: str) -> None:
    reader, descriptor = os.pipe()
    if trouble == "nobody reads":
        os.set_blocking(descriptor, False)
        with suppress(BlockingIOError):
            while True:
                os.write(descriptor, b"x" * 4096)
    elif trouble == "full device":
        descriptor = os.open("/dev/full", os.O_WRONLY)
    else:
        os.close({"no reader": reader, "closed": descriptor}[trouble])
    stream = logs.LineWriter(descriptor)
    for _ in range(3000):
        stream.write("a line\n")
    stream.close()
    assert (stream.waiting > 0) == (trouble == "nobody reads")
