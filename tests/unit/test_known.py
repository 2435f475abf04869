"""`check` reports whatever `serve` refuses: each refusal of its construction, with file and line."""

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from aiprobe.app import App, Options
from aiprobe.config.known import Known
from aiprobe.config.load import load
from aiprobe.config.problems import ConfigError
from aiprobe.config.settings import Settings
from aiprobe.core.clock import Clock
from aiprobe.core.kind import Golden
from aiprobe.core.model import Target
from aiprobe.core.secret import Redactor, Secret
from aiprobe.known import KNOWN, read_settings, target_problem
from tests.builders import a_provider, a_target

PACKAGE: Final = Path(__file__).parents[2] / "exporter" / "aiprobe"
UNCHECKED: Final = Known(kinds=KNOWN.kinds, protocols=KNOWN.protocols)
"""The tables without the functions that look at what was resolved."""
A_PAGE: Final = {"url": "https://status.example/a.json", "reader": "atlassian", "provider": "p"}
REFUSED: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "an interval that a page of the catalogue is not polled at": (
        {
            "providers": {"anthropic": {"api_key": "${KEY}"}},
            "targets": [{"name": "c", "provider": "anthropic", "model": "claude-haiku-4-5", "probe": "chat"}],
            "status_pages": {
                "interval": "2s",
                "pages": {"mine": {**A_PAGE, "url": "http://127.0.0.1:1/a.json"}},
            },
        },
        "is polled every 60 to 300 s",
    ),
    "an interval that is too long": (
        {"status_pages": {"interval": "10m", "pages": {"mine": A_PAGE}}},
        "is polled every 60 to 300 s",
    ),
    "a page that has no feed": (
        {"status_pages": {"pages": {"mistral": {"reader": "rss"}}}},
        "no feed of mistral",
    ),
    "a page that has no address": (
        {"status_pages": {"pages": {"mistral": {"reader": "atlassian"}}}},
        "no address of mistral",
    ),
    "a market without its model": (
        {"status_pages": {"pages": {"mine": {**A_PAGE, "reader": "market"}}}},
        "the statistics of a market need",
    ),
    "a reader that is not there": (
        {"status_pages": {"pages": {"mine": {**A_PAGE, "reader": "atim"}}}},
        'no reader named "atim"',
    ),
}


def written(directory: Path, sections: dict[str, Any]) -> Path:
    minimal = {
        "journal": {"directory": str(directory / "journal")},
        "egress": [],
        "providers": {"p": {"protocol": "openai-chat", "base_url": "http://127.0.0.1:9/v1", "egress": False}},
        "targets": [{"name": "a", "provider": "p", "model": "m", "probe": "chat"}],
    }
    path = directory / "aiprobe.yml"
    path.write_text(yaml.safe_dump(minimal | sections, sort_keys=False))
    return path


async def served(settings: Settings, path: Path) -> None:
    options = Options(config_file=path, listen_addresses=("127.0.0.1:0",))
    async with App(settings, options, redactor=Redactor(), clock=Clock()):
        pass


@pytest.mark.parametrize("case", REFUSED)
async def test_what_the_rooms_refuse_is_an_error_of_the_configuration_with_its_line(case: str, tmp_path: Path) -> None:
    sections, said = REFUSED[case]
    path = written(tmp_path, sections)
    environ = {"KEY": "sk-test-0123456789"}

    with pytest.raises(ValueError, match=r"polled|feed|address|reader|market"):
        await served(load(path, environ=environ, known=UNCHECKED), path)
    with pytest.raises(ConfigError) as caught:
        read_settings(path, environ)

    (problem,) = caught.value.problems
    assert said in problem.message
    assert problem.path.startswith("status_pages")
    assert path.read_text().splitlines()[problem.line - 1].strip().partition(":")[0] == problem.path.split(".")[-1]


def on(base_url: str = "https://192.0.2.1/v1", **provider: Any) -> Target:
    return a_target(provider=a_provider(base_url=base_url, **provider))


def asking(*messages: tuple[str, str], **expected: Any) -> Target:
    return a_target(ask="custom", golden=Golden(messages=messages, **expected))


TARGETS: Final[dict[str, Target]] = {
    "an http probe needs a url": a_target(probe="http", url=None),
    "an embeddings probe needs a model": replace(
        a_target(probe="embeddings", model=""), provider=a_provider(protocol="openai-embeddings")
    ),
    "a rerank probe needs a model": replace(
        a_target(probe="rerank", model=""), provider=a_provider(protocol="cohere-rerank")
    ),
    "a chat probe needs a model": a_target(model=""),
    "a realtime probe needs a model": a_target(probe="realtime", model=""),
    "not an absolute http or https URL": on("ftp://192.0.2.1/v1"),
    "`ask: custom` needs one of contains, equals, regex and json_schema in `expect`": asking(),
    "`ask: custom` needs a message with the role user": asking(("system", "hello"), equals="x"),
    "`json_schema` is no JSON Schema: ": asking(("user", "hello"), json_schema={"type": 5}),
    "`regex` is no regular expression in the syntax of Rust, which has no look-around": asking(
        ("user", "hello"), regex="("
    ),
    "mcp has no models; use `probe: mcp`": replace(a_target(probe="models"), provider=a_provider(protocol="mcp")),
    "the proxy is not a URL": on(proxy=Secret("http://[")),
    "the proxy is not a URL of the form http://[user:password@]host[:port]": on(proxy=Secret("ftp://192.0.2.1:1")),
    "ca_file ": on(ca_file="/nowhere.pem"),
}
"""By the words of the refusal, the target."""
ELSEWHERE: Final = {
    "no credential keeper for ": "`App` passes one to every probe",
    "cut short": "read from a certificate while a probe runs, and caught there",
    "not a port: ": "`urlsplit` refuses a port above 65535, and a base URL with port 0 has its scheme's",
    "not a header to send: ": "raised when a request is sent; the configuration refuses such names",
    "not a method: ": "raised when a request is sent; methods are our own",
    "not a path: ": "raised when a request is sent",
    "the value of header ": "raised when a request is sent; the configuration refuses such values",
    "no feed of ": "a status page, in REFUSED",
    "no address of ": "a status page, in REFUSED",
    "the statistics of a market need `options: {model: ...}`, whose uptime they are": "a status page, in REFUSED",
    ": no reader named ": "a status page, in REFUSED",
    " is polled every ": "a status page, in REFUSED",
}
"""Refusals of the same rooms that building a probe does not reach, and why."""


@pytest.mark.parametrize("words", TARGETS)
def test_a_target_that_a_probe_refuses_is_found_by_building_the_probe(words: str) -> None:
    assert str(target_problem(TARGETS[words])).startswith(words)


def test_a_target_with_a_credential_that_changes_is_built_without_fetching_one() -> None:
    assert target_problem(a_target()) is None


def test_the_fallback_of_a_target_is_built_as_well() -> None:
    chat = a_target(provider=a_provider(protocol="mcp"))
    assert chat.kind.fallback is not None
    assert "mcp has no models" in str(target_problem(chat))


def words_of(refusal: ast.Raise) -> str:
    """Return the first text of the message of a `raise ValueError`."""
    texts = [node.value for node in ast.walk(refusal) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return texts[0]


def test_every_refusal_of_the_rooms_that_serve_builds_has_a_case_or_a_reason() -> None:
    found = {
        words_of(node)
        for room in ("probes", "protocols", "transport", "statuspages")
        for file in (PACKAGE / room).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and node.exc.func.id == "ValueError"
    }
    assert found == {*TARGETS, *ELSEWHERE}
