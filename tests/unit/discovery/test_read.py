"""Reading a source: the forms of the four kinds, and every way in which one cannot be read."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from aiprobe.core.clock import Clock
from aiprobe.core.discovered import Entry, Source, SourceKind
from aiprobe.core.secret import Redactor
from aiprobe.discovery.once import read_sources
from aiprobe.discovery.read import MAX_BYTES, MAX_ENTRIES, SourceError, read_source
from aiprobe.known import read_settings
from aiprobe.probes.base import Tools
from aiprobe.transport.transport import Transport
from tests.builders import a_provider
from tests.unit.statuspages.servers import a_server

INFO = {
    "data": [
        {
            "model_name": "gpt-5-mini",
            "litellm_params": {"model": "openai/gpt-5-mini", "tags": ["a", "b"], "region_name": "eu"},
            "model_info": {"mode": "chat", "litellm_provider": "openai", "input_cost_per_token": 2.5e-7,
                           "output_cost_per_token": 2e-6},
        },
        {"model_name": "gpt-5-mini", "litellm_params": {"region_name": "us"}, "model_info": {"mode": "chat"}},
        {"model_name": "ada", "litellm_params": {"aws_region_name": "us-east-1"}, "model_info": {"mode": "embedding"}},
        {"model_name": "images", "litellm_params": {}, "model_info": {"mode": "image_generation"}},
        {"model_name": "openai/*", "litellm_params": {}, "model_info": {}},
        {"model_name": "plain", "litellm_params": {}, "model_info": {"mode": None, "input_cost_per_token": 0}},
    ]
}  # fmt: skip
GROUPS = [{"targets": ["h:1", "h:2"], "labels": {"team": "a", "__meta_x": "y", "odd": 3}}, {"targets": ["h:0"]}]
SEEN = (
    Entry(id="h:0", labels={"address": "h:0"}),
    Entry(id="h:1", labels={"team": "a", "__meta_x": "y", "address": "h:1"}),
    Entry(id="h:2", labels={"team": "a", "__meta_x": "y", "address": "h:2"}),
)


def a_source(kind: SourceKind, place: str = "", base_url: str = "http://127.0.0.1:9/v1", **changes: Any) -> Source:
    provider = a_provider(base_url=base_url, headers={"x-team": "ours"}, **changes)
    return Source(name="s", kind=kind, place=place, provider=provider, interval_seconds=60, grace_seconds=60)


async def read(source: Source) -> tuple[Entry, ...]:
    transport = Transport(clock=Clock())
    try:
        return await read_source(source, Tools(transport=transport, clock=Clock()))
    finally:
        await transport.close()


async def answered(kind: SourceKind, body: str, *, status: int = 200, headers: dict[str, str] | None = None) -> Any:
    """Return what is read of a server that gives this answer, and the request that it got."""
    requests: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        requests.append(request)
        return web.Response(text=body, status=status, headers=headers)

    async with a_server(handler) as url:
        source = a_source(kind, f"{url}/sd?x=1" if kind == "http" else "", f"{url}/v1")
        found = await read(source)
    return found, requests


async def test_litellm_s_models_have_owner_mode_tags_region_and_price() -> None:
    found, (request,) = await answered("litellm", json.dumps(INFO))

    assert request.path == "/v1/model/info"
    assert request.headers["authorization"] == "Bearer sk-test-0123456789"
    assert request.headers["x-team"] == "ours"
    assert {entry.id: dict(entry.labels) for entry in found} == {
        "gpt-5-mini": {
            "model": "gpt-5-mini", "probe": "chat", "mode": "chat", "owner": "openai", "tags": "a,b", "region": "eu",
            "__input_usd": "0.25", "__output_usd": "2",
        },
        "ada": {
            "model": "ada", "probe": "embeddings", "mode": "embedding", "tags": "", "region": "us-east-1",
        },
        "plain": {"model": "plain", "probe": "chat", "mode": "chat", "tags": "", "region": ""},
    }  # fmt: skip


def a_row(name: str, deployment: str = "", parameters: dict[str, Any] | None = None, **info: Any) -> dict[str, Any]:
    """Return a row of `/model/info` as LiteLLM 1.108.7 sends it."""
    return {
        "model_name": name,
        "litellm_params": {"model": f"openai/{name}"} | (parameters or {}),
        "model_info": {"id": deployment or f"id-of-{name}", "db_model": False, "mode": None, "pricing_overrides": [],
                       "input_cost_per_token": None, "output_cost_per_token": None} | info,
    }  # fmt: skip


async def test_the_models_that_litellm_expands_from_wildcard_routes_are_no_entries() -> None:
    rows = [
        a_row("listed"),
        a_row("openai/gpt-4o"),
        *(a_row(name, "route-1") for name in ("openai/gpt-4o", "openai/o4-mini", "openai/dall-e-3")),
        *(a_row(name, "route-2") for name in ("anthropic/claude-1", "anthropic/claude-2")),
        a_row("unknown-provider/*", "route-3"),
        *(a_row("twice", f"deployment-{number}") for number in (1, 2)),
        *(a_row("same", "one-id") for _ in range(2)),
        {"model_name": "old-1", "litellm_params": {}, "model_info": {}},
        {"model_name": "old-2", "litellm_params": {}},
    ]

    found, _ = await answered("litellm", json.dumps({"data": rows}))

    assert [entry.id for entry in found] == ["listed", "old-1", "old-2", "openai/gpt-4o", "same", "twice"]


COSTS = ("input_cost_per_token", "output_cost_per_token")
OWN_ZERO: dict[str, Any] = dict.fromkeys(COSTS, 0.0)
PRICES: list[tuple[str, dict[str, Any], tuple[str, str] | None]] = [
    ("LiteLLM knows no price", a_row("m"), None),
    ("an older LiteLLM lists 0 for no price", a_row("m", **OWN_ZERO), None),
    ("LiteLLM's own table has 0, such as for ollama", a_row("m", key="ollama/m", **OWN_ZERO), None),
    ("of LiteLLM's table", a_row("m", input_cost_per_token=1e-7, output_cost_per_token=4e-7), ("0.1", "0.4")),
    ("0 in model_info", a_row("m", pricing_overrides=[*COSTS], **OWN_ZERO), ("0", "0")),
    ("0 in litellm_params", a_row("m", parameters=OWN_ZERO, **OWN_ZERO), ("0", "0")),
    ("null in litellm_params", a_row("m", parameters=dict.fromkeys(COSTS), **OWN_ZERO), None),
    ("another price is stated", a_row("m", pricing_overrides=["input_cost_per_image"], **OWN_ZERO), None),
    ("input only", a_row("m", pricing_overrides=[COSTS[0]], input_cost_per_token=1e-7, output_cost_per_token=0),
     ("0.1", "0")),
    ("an embedding", a_row("m", mode="embedding", input_cost_per_token=2e-8), ("0.02", "0")),
    ("no number", a_row("m", input_cost_per_token="1e-7", output_cost_per_token=True), None),
    ("impossible", a_row("m", input_cost_per_token=-1, output_cost_per_token=7), None),
]  # fmt: skip


@pytest.mark.parametrize(("row", "price"), [case[1:] for case in PRICES], ids=[case[0] for case in PRICES])
async def test_a_0_is_a_price_only_where_the_operator_stated_it(
    row: dict[str, Any], price: tuple[str, str] | None
) -> None:
    (entry,), _ = await answered("litellm", json.dumps({"data": [row]}))

    labels = entry.labels
    assert ((labels["__input_usd"], labels["__output_usd"]) if "__input_usd" in labels else None) == price


MODES: list[tuple[Any, str | None]] = [
    (None, "chat"),
    ("", "chat"),
    ("chat", "chat"),
    ("responses", "chat"),
    ("embedding", "embeddings"),
    *((mode, None) for mode in ("rerank", "moderation", "image_generation", "audio_transcription", "realtime")),
]


@pytest.mark.parametrize(("mode", "probe"), MODES)
async def test_the_mode_of_a_model_chooses_its_probe_in_both_lists_of_litellm(mode: Any, probe: str | None) -> None:
    listed, _ = await answered("models", json.dumps({"data": [{"id": "m", "mode": mode}]}))
    detailed, _ = await answered("litellm", json.dumps({"data": [a_row("m", mode=mode)]}))

    expected = [] if probe is None else [probe]
    assert [entry.labels["probe"] for entry in listed] == expected
    assert [entry.labels["probe"] for entry in detailed] == expected


async def test_a_list_of_models_is_read_at_the_path_of_its_protocol() -> None:
    listed = {"object": "list", "data": [{"id": "b", "owned_by": "vllm"}, {"id": "a"}]}

    found, (request,) = await answered("models", json.dumps(listed))

    assert request.path == "/v1/models"
    assert [(entry.id, dict(entry.labels)) for entry in found] == [
        ("a", {"model": "a", "probe": "chat"}),
        ("b", {"model": "b", "owner": "vllm", "probe": "chat"}),
    ]


async def test_http_sd_is_read_at_its_url() -> None:
    found, (request,) = await answered("http", json.dumps(GROUPS))

    assert request.path_qs == "/sd?x=1"
    assert found == SEEN


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(GROUPS),
        json.dumps(GROUPS, indent="\t"),
        "- targets: ['h:1', 'h:2']\n  labels: {team: a, __meta_x: y, odd: 3}\n- targets: ['h:0']\n",
    ],
)
async def test_a_file_is_json_or_yaml(text: str, tmp_path: Path) -> None:
    (tmp_path / "sd").write_text(text)

    assert await read(a_source("file", str(tmp_path / "sd"))) == SEEN


BAD: list[tuple[SourceKind, str]] = [
    ("http", ""),
    ("http", "[" * 100_000),
    ("http", "{}"),
    ("http", '[{"labels": {}}]'),
    ("http", '[{"targets": "h:1"}]'),
    ("http", '[{"targets": [1]}]'),
    ("http", '[{"targets": [""]}]'),
    ("http", json.dumps([{"targets": ["x" * 1001]}])),
    ("http", '[{"targets": ["a"], "labels": [1]}]'),
    ("models", "[]"),
    ("models", '{"data": {}}'),
    ("models", '{"data": [{"id": null}]}'),
    ("litellm", '{"data": [{"model_name": "x"}]}'),
    ("litellm", '{"data": [null]}'),
    ("litellm", '{"detail": "no"}'),
]


@pytest.mark.parametrize(("kind", "body"), BAD)
async def test_an_answer_of_another_form_is_an_error_of_the_source(kind: SourceKind, body: str) -> None:
    with pytest.raises(SourceError, match=f"has not the form of `{kind}`"):
        await answered(kind, body)


NO_DB = json.dumps({"error": {"message": "No connected db.", "type": "no_db_connection", "code": "400"}})
THE_KEY = "check `api_key` of the provider openai"
REFUSALS: list[tuple[SourceKind, int, str, dict[str, str], str]] = [
    ("http", 401, "no", {}, 'HTTP 401, text/plain, "no"; check `headers` of the source'),
    ("litellm", 401, "", {}, f"HTTP 401, text/plain; {THE_KEY}"),
    ("litellm", 400, NO_DB, {"content-type": "application/json"},
     f'HTTP 400, application/json, "no_db_connection: No connected db."; {THE_KEY}'),
    ("models", 404, '{"detail": "Not Found"}', {},
     'HTTP 404, text/plain, "Not Found"; check `base_url` of the provider openai'),
    ("http", 404, "<html><title>Oh</title></html>", {"content-type": "text/html; charset=utf-8"},
     'HTTP 404, text/html, "Oh"; check the URL'),
    ("http", 500, "a\n  b\x1b[0m", {}, 'HTTP 500, text/plain, "a b [0m"; look into the log of the server'),
    ("http", 302, "", {"location": "http://127.0.0.1:9/"},
     "HTTP 302, text/plain; give the URL that it redirects to; a redirect to another host is not followed"),
    ("http", 307, "", {"location": "http://127.0.0.1:9/"},
     "HTTP 307, text/plain; give the URL that it redirects to; a redirect to another host is not followed"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "status", "body", "headers", "reason"), REFUSALS)
async def test_another_status_is_an_error_with_its_place_its_words_and_a_mend(
    kind: SourceKind, status: int, body: str, headers: dict[str, str], reason: str
) -> None:
    with pytest.raises(SourceError) as caught:
        await answered(kind, body, status=status, headers=headers)

    place, _, rest = str(caught.value).partition(": HTTP ")
    path = {"http": "/sd", "models": "/v1/models", "litellm": "/v1/model/info"}[kind]
    assert place.startswith("GET http://127.0.0.1:")
    assert place.endswith(path)
    assert f"HTTP {rest}" == reason


async def test_a_refusal_without_a_key_names_the_key() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=500, text="Internal Server Error")

    async with a_server(handler) as url:
        bare = a_provider(base_url=f"{url}/v1", api_key=None)
        source = Source(name="s", kind="litellm", place="", provider=bare, interval_seconds=60, grace_seconds=60)
        with pytest.raises(SourceError, match="no key was sent: give `api_key` of the provider"):
            await read(source)


async def test_the_words_of_a_server_are_cut_to_one_line() -> None:
    with pytest.raises(SourceError) as caught:
        await answered("http", "word " * 5000, status=500)

    assert len(str(caught.value)) < 300
    assert "word…" in str(caught.value) or "wor…" in str(caught.value) or "word …" in str(caught.value)


async def test_an_answer_of_another_form_is_shown_with_the_form_that_is_expected() -> None:
    with pytest.raises(SourceError) as caught:
        await answered("litellm", "<html>a page</html>", headers={"content-type": "text/html"})

    assert str(caught.value).partition("/v1/model/info: ")[2] == (
        'the answer has not the form of `litellm`, text/html, "<html>a page</html>"; '
        'expected {"data": [{"model_name": …, "litellm_params": {…}}]}'
    )


async def test_too_many_entries_are_an_error() -> None:
    with pytest.raises(SourceError, match=f"more than {MAX_ENTRIES} entries"):
        await answered("http", json.dumps([{"targets": [str(number) for number in range(MAX_ENTRIES + 1)]}]))


async def test_a_large_answer_is_an_error() -> None:
    with pytest.raises(SourceError, match="is larger than 4 MB"):
        await answered("http", " " * (MAX_BYTES + 1))


async def test_an_answer_that_would_hold_the_event_loop_is_of_another_form() -> None:
    with pytest.raises(SourceError, match="has not the form"):
        await answered("http", "[" + '{"targets":[]},' * 100_000 + '{"targets":[]}]')


async def test_a_place_that_nobody_serves_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        SourceError, match=r"^GET http://127\.0\.0\.1:9/v1/models: no answer: connect.*; check that the server"
    ):
        await read(a_source("models"))
    with pytest.raises(SourceError, match="cannot be read: no such file"):
        await read(a_source("file", str(tmp_path / "none")))


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"a: [", "is neither JSON nor YAML"), (b"\xff", "is neither JSON nor YAML"), (b"3", "has not the form")],
)
async def test_a_file_that_is_no_list_is_an_error(data: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "sd").write_bytes(data)

    with pytest.raises(SourceError, match=reason):
        await read(a_source("file", str(tmp_path / "sd")))


async def test_a_key_that_a_server_echoes_is_masked(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=400, text=f"refused: {request.headers['authorization']}")

    async with a_server(handler) as url:
        file = tmp_path / "aiprobe.yml"
        provider = {"protocol": "openai-chat", "base_url": f"{url}/v1", "api_key": "planted-0123456789"}
        file.write_text(json.dumps({"providers": {"p": provider}, "discover": {"s": {"models": "p"}}}))
        settings = read_settings(file, {})

        answers, (problem,) = await read_sources(settings, Redactor(settings.secrets))

    assert answers == {}
    assert "refused: Bearer ***" in problem
    assert "planted" not in problem
