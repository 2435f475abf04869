"""What a scraper gets: two formats that say the same, in small slices, whatever happens meanwhile."""

import asyncio
import zlib
from collections.abc import Iterator
from contextlib import aclosing
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

from aiprobe.core.outcomes import Outcome
from aiprobe.metrics import catalogue, exposition
from aiprobe.metrics.exposition import SLICE_BYTES, Exposition
from aiprobe.metrics.openmetrics import Format, without_exemplars
from aiprobe.metrics.series import encoded
from tests.unit.metrics.builders import (
    a_finished,
    a_recorder,
    a_target,
    families,
    names,
    read,
    scrape,
    scrape_bytes,
    value,
)

pytestmark = pytest.mark.slow

HOSTILE = 'q"\\ \\n \n{x="y",} 1 # {request_id="r"} 1 2.000\n# EOF é \U0001f600 \0 \ud800 %s 5%'


async def test_both_formats_tell_the_same_samples() -> None:
    recorder = a_recorder()
    recorder.record(a_finished())
    recorder.record(a_finished(Outcome.RATE_LIMITED, request_id="req_2"))
    await scrape(recorder)
    assert await scrape(recorder, Format.TEXT) == await scrape(recorder, Format.OPENMETRICS)


async def test_openmetrics_ends_with_eof_and_text_has_none() -> None:
    recorder = a_recorder()
    assert (await scrape_bytes(recorder)).endswith(b"\n# EOF\n")
    assert b"# EOF" not in await scrape_bytes(recorder, Format.TEXT)


async def test_headers_follow_the_format() -> None:
    recorder = a_recorder()
    openmetrics, text = await scrape_bytes(recorder), await scrape_bytes(recorder, Format.TEXT)
    for line in (
        b"# TYPE aiprobe_results counter",
        b"# TYPE aiprobe_target info",
        b"# UNIT aiprobe_slo_period_seconds seconds",
    ):
        assert line + b"\n" in openmetrics
    for line in (b"# TYPE aiprobe_results_total counter", b"# TYPE aiprobe_target_info gauge"):
        assert line + b"\n" in text
    assert b"# UNIT" not in text
    assert b"_created" not in openmetrics + text


async def test_a_family_has_one_header_however_many_targets_there_are_and_none_without_series() -> None:
    body = await scrape_bytes(a_recorder(*(a_target(f"t{number}") for number in range(5))))
    assert body.count(b"# TYPE aiprobe_results counter\n") == 1
    assert b"aiprobe_success" not in body


async def test_exemplars_carry_the_request_id_in_openmetrics_only() -> None:
    recorder = a_recorder()
    recorder.record(a_finished(request_id="req_ok", duration_seconds=0.3))
    recorder.record(a_finished(Outcome.AUTH, request_id="req_bad"))
    await scrape(recorder)
    found: dict[tuple[str, str | None], object] = {}
    for family in families(await scrape_bytes(recorder)).values():
        for sample in family.samples:
            if sample.exemplar and sample.exemplar.timestamp:
                key = sample.name, sample.labels.get("outcome", sample.labels.get("le"))
                found[key] = (sample.exemplar.labels, sample.exemplar.value, float(sample.exemplar.timestamp))
    at = recorder.clock.wall()
    assert found["aiprobe_results_total", "ok"] == ({"request_id": "req_ok"}, 1, at)
    assert found["aiprobe_results_total", "auth"] == ({"request_id": "req_bad"}, 1, at)
    assert found["aiprobe_duration_seconds_bucket", "0.5"] == ({"request_id": "req_ok"}, 0.3, at)
    assert ("aiprobe_duration_seconds_bucket", "1.0") not in found
    assert b"req_" not in await scrape_bytes(recorder, Format.TEXT)


async def test_an_exemplar_is_at_most_100_characters_of_a_harmless_alphabet() -> None:
    recorder = a_recorder()
    recorder.record(a_finished(request_id='r"} 5\n\\é' + "x" * 300))
    parsed = families(await scrape_bytes(recorder)).values()
    exemplars = [sample.exemplar for family in parsed for sample in family.samples if sample.exemplar]
    assert exemplars
    for exemplar in exemplars:
        (name, text), *more = exemplar.labels.items()
        assert not more
        assert text.startswith("r___5___xxx")
        assert len(name + text) == 100


@pytest.mark.parametrize("form", Format)
async def test_hostile_label_values_come_back_as_they_were(form: Format) -> None:
    target = a_target("t" + HOSTILE, surface=HOSTILE, labels={"team": HOSTILE}, display_name=HOSTILE)
    recorder = a_recorder(target, vantage=HOSTILE)
    recorder.record(a_finished(target=target, response_model=HOSTILE))
    recorder.replace("egress_up", {(HOSTILE,): 1})
    samples = await scrape(recorder, form)
    survives = HOSTILE.replace("\ud800", "?").replace("\0", "?")
    assert value(samples, "success", target="t" + survives, surface=survives) == 1
    assert value(samples, "target_info", team=survives, display_name=survives) == 1
    assert value(samples, "egress_up", check=survives, vantage=survives) == 1
    assert value(samples, "duration_seconds_bucket", le="+Inf", surface=survives) == 1


@given(st.text(max_size=60))
def test_taking_exemplars_away_never_touches_a_label_value(text: str) -> None:
    target = a_target(surface=f'{text} # {{request_id="a"}} 1 2')
    recorder = a_recorder(target)
    recorder.record(a_finished(target=target, request_id=None))
    block = encoded(recorder.targets[0].owner["results_total"].render(announced=True))
    assert without_exemplars(block) == block
    recorder.record(a_finished(target=target, request_id="x"))
    with_exemplar = encoded(recorder.targets[0].owner["results_total"].render(announced=True))
    assert without_exemplars(with_exemplar) == block.replace(b" 1\n", b" 2\n")


async def test_a_thousand_targets_come_in_slices_of_at_most_128_kib() -> None:
    recorder = a_recorder(*(a_target(f"target-{number}") for number in range(1000)))
    for number in range(1000):
        recorder.record(a_finished(target=a_target(f"target-{number}")))
    for form in Format:
        slices = [len(piece) async for piece in Exposition(recorder).stream(form)]
        assert max(slices) <= SLICE_BYTES
        assert len(slices) < 2 * sum(slices) / SLICE_BYTES
        assert sum(slices) > 50 * SLICE_BYTES
        assert 0 not in slices


async def test_the_loop_gets_its_turn_between_any_two_slices() -> None:
    recorder = a_recorder(*(a_target(f"target-{number}") for number in range(500)))
    turns = 0
    done = asyncio.Event()

    async def somebody_else() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(somebody_else())
    turns_at = [turns async for _ in Exposition(recorder).stream(Format.OPENMETRICS)]
    done.set()
    await other
    assert len(turns_at) > 3
    assert all(earlier < later for earlier, later in pairwise([0, *turns_at]))


async def test_one_fragment_that_is_larger_than_a_slice_is_cut() -> None:
    target = a_target(surface="s" * SLICE_BYTES * 2)
    recorder = a_recorder(target)
    slices = [piece async for piece in Exposition(recorder).stream(Format.OPENMETRICS)]
    assert max(map(len, slices)) == SLICE_BYTES
    assert value(read(b"".join(slices)), "interval_seconds", target="acme-chat") == 60


@given(st.lists(st.binary(max_size=3 * SLICE_BYTES // 2).map(lambda data: data * 2), max_size=6))
def test_cutting_changes_no_byte_and_keeps_the_limits(pieces: list[bytes]) -> None:
    slices = list(exposition._cut(pieces))
    assert b"".join(slices) == b"".join(pieces)
    assert all(len(piece) <= SLICE_BYTES for piece in slices)


def test_no_more_small_fragments_are_joined_at_once_than_the_limit() -> None:
    rows = [(b"{", [b"x 1\n"]) for _ in range(5000)]
    header, *joined = exposition._pieces(catalogue.TARGET_METRICS[:1], rows, Format.OPENMETRICS)
    assert header.startswith(b"# HELP")
    assert b"".join(joined) == b"x 1\n" * 5000
    assert max(len(piece) // 4 for piece in joined) <= exposition.SLICE_FRAGMENTS


async def test_gzip_holds_the_same_bytes() -> None:
    recorder = a_recorder(*(a_target(f"target-{number}") for number in range(300)))
    await scrape(recorder)
    plain, packed = (
        await scrape_bytes(recorder),
        b"".join([piece async for piece in Exposition(recorder).stream(Format.OPENMETRICS, gzip=True)]),
    )
    assert len(packed) < len(plain) / 5

    def ours(body: bytes) -> bytes:
        return body[: body.index(b"# HELP process_")]  # the CPU time of the process goes on

    assert ours(zlib.decompress(packed, 31)) == ours(plain)


async def test_every_target_is_one_consistent_moment_although_probes_end_during_the_scrape() -> None:
    targets = [a_target(f"target-{number}") for number in range(200)]
    recorder = a_recorder(*targets)
    for target in targets:
        recorder.record(a_finished(target=target))
    body, slices = b"", 0
    async with aclosing(Exposition(recorder).stream(Format.OPENMETRICS)) as running:
        async for piece in running:
            body, slices = body + piece, slices + 1
            for target in targets:
                recorder.record(a_finished(target=target))
    assert slices > 3
    samples = read(body)
    for target in targets:
        assert (
            value(samples, "results_total", target=target.name, outcome="ok")
            == value(samples, "duration_seconds_count", target=target.name)
            == value(samples, "slo_events_total", target=target.name, slo="availability", verdict="good")
        )


async def test_a_reload_during_a_scrape_leaves_a_whole_body() -> None:
    recorder = a_recorder(*(a_target(f"old-{number}") for number in range(100)))
    async with aclosing(Exposition(recorder).stream(Format.OPENMETRICS)) as running:
        body = await anext(running)
        recorder.set_targets([a_target("new")])
        body += b"".join([piece async for piece in running])
    assert len([name for name, _ in read(body) if name == "aiprobe_interval_seconds"]) == 100
    assert len([name for name, _ in await scrape(recorder) if name == "aiprobe_interval_seconds"]) == 1


async def test_only_what_a_probe_changed_is_rendered_again() -> None:
    one, other = a_target("one"), a_target("other")
    recorder = a_recorder(one, other)
    for target in (one, other, one, other):
        recorder.record(a_finished(target=target))
        await scrape(recorder)
    before = [series.owner.fragments(faded=False) for series in recorder.targets]
    recorder.record(a_finished(Outcome.CANCELLED, target=one))
    assert not recorder.targets[0].owner.is_stale, "left to the scrape"
    after = [series.owner.fragments(faded=False) for series in recorder.targets]
    same = [
        {metric.short for metric, old, new in zip(catalogue.TARGET_METRICS, *rows, strict=True) if old is not new}
        for rows in zip(before, after, strict=True)
    ]
    assert same == [{"results_total", "slo_events_total"}, set()]


class TestOneTarget:
    async def test_probe_shows_the_families_of_one_target_and_nothing_else(self) -> None:
        recorder = a_recorder(a_target("one"), a_target("two"))
        recorder.record(a_finished(target=a_target("one")))
        for form in Format:
            shown = Exposition(recorder).target("one", form)
            assert shown is not None
            samples = read(shown, form)
            assert all(("target", "one") in labels for _, labels in samples)
            assert {"aiprobe_success", "aiprobe_duration_seconds_bucket"} <= names(samples)

    async def test_a_target_that_is_not_there_has_no_answer(self) -> None:
        assert Exposition(a_recorder()).target("nobody", Format.TEXT) is None


PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;"
    "q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, Format.TEXT),
        ("", Format.TEXT),
        ("*/*", Format.TEXT),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format.TEXT),
        (PROMETHEUS_2, Format.OPENMETRICS),
        (PROMETHEUS_3, Format.OPENMETRICS),
        ("application/openmetrics-text", Format.OPENMETRICS),
        ("APPLICATION/OpenMetrics-Text ; Version=1.0.0", Format.OPENMETRICS),
        ("application/openmetrics-text;version=2.0.0", Format.TEXT),
        ("application/openmetrics-text;q=0", Format.TEXT),
        ("application/openmetrics-text;q=0.3,text/plain;q=0.7", Format.TEXT),
        ("application/openmetrics-text;q=0.7,text/plain;q=0.3", Format.OPENMETRICS),
        ("application/openmetrics-text;q=0.5,text/plain;q=0.1,*/*;q=0.9", Format.OPENMETRICS),
        ("application/openmetrics-text;q=x", Format.TEXT),
        ("application/openmetrics-text;q=nan", Format.TEXT),
        ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily", Format.TEXT),
        (";;=,,q=;=", Format.TEXT),
        ("," * 100_000 + "application/openmetrics-text", Format.TEXT),
    ],
)
def test_the_format_is_the_one_that_accept_prefers(accept: str | None, form: Format) -> None:
    assert Exposition(a_recorder()).negotiate(accept) is form


@given(st.text(alphabet='aq=;,/*."1 openmetrics-text', max_size=80))
def test_no_accept_header_makes_negotiation_fail(accept: str) -> None:
    assert Exposition(a_recorder()).negotiate(accept) in Format


def test_content_types_are_those_that_prometheus_knows() -> None:
    assert Format.TEXT.value == "text/plain; version=0.0.4; charset=utf-8"
    assert Format.OPENMETRICS.value == "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Families(Collector):
    """What a strict parser has read."""

    def __init__(self, read: list[Metric]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        yield from self._read


async def test_a_strict_parser_and_the_library_render_the_same_metadata_and_exemplars() -> None:
    recorder = a_recorder()
    recorder.record(a_finished())
    await scrape(recorder)
    ours = await scrape_bytes(recorder)
    registry = CollectorRegistry()
    registry.register(Families(list(families(ours).values())))
    theirs: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]  # the library has no annotation here

    def metadata(body: bytes) -> set[bytes]:
        return {line for line in body.splitlines() if line.startswith(b"#")}

    assert metadata(theirs) == metadata(ours)
    assert theirs.count(b"request_id=") == ours.count(b"request_id=") > 0


async def test_the_metrics_of_the_process_are_there_once() -> None:
    assert (await scrape_bytes(a_recorder())).count(b"\nprocess_start_time_seconds ") == 1
