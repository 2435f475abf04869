import pytest

from aiprobe.core.model import RateLimit
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.headers import rate_limits, retry_after_seconds, server_seconds
from tests.unit.protocols.builders import a_head, a_provider

DATE = "Mon, 02 Nov 2026 10:00:00 GMT"


def test_anthropics_limits_are_read() -> None:
    headers = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2026-11-02T10:00:01Z",
        "anthropic-ratelimit-tokens-limit": "50000",
        "anthropic-ratelimit-input-tokens-limit": "40000",
        "anthropic-ratelimit-input-tokens-remaining": "39000",
        "anthropic-ratelimit-output-tokens-remaining": "8000",
    }
    assert rate_limits(headers) == (
        RateLimit(resource="requests", limit=50, remaining=49),
        RateLimit(resource="tokens", limit=50_000),
        RateLimit(resource="input_tokens", limit=40_000, remaining=39_000),
        RateLimit(resource="output_tokens", remaining=8_000),
    )


@pytest.mark.parametrize(
    ("suffix", "resource"),
    [
        ("-requests", "requests"),
        ("-tokens", "tokens"),
        ("-req-minute", "requests"),
        ("-tokens-minute", "tokens"),
        ("-tokens-month", "tokens_month"),
        ("-requests-day", "requests_day"),
        ("", "requests"),
    ],
)
def test_the_spellings_of_compatible_providers_are_read(suffix: str, resource: str) -> None:
    headers = {f"x-ratelimit-limit{suffix}": "100", f"x-ratelimit-remaining{suffix}": "0"}
    assert rate_limits(headers) == (RateLimit(resource=resource, limit=100, remaining=0),)


@pytest.mark.parametrize("value", ["", "nan", "inf", "-1", "1e400", "1_000", "10, 10", "many", "9" * 40, "١٢"])
def test_a_limit_that_is_no_number_is_dropped(value: str) -> None:
    assert rate_limits({"x-ratelimit-limit-requests": value, "x-ratelimit-remaining-tokens": value}) == ()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "36"}, 36),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "36"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "36"}, 36),
        ({"retry-after": "Mon, 02 Nov 2026 10:01:30 GMT", "date": DATE}, 90),
        ({"retry-after": "Mon, 02 Nov 2026 09:00:00 GMT", "date": DATE}, 0),
        ({"retry-after": "Mon, 02 Nov 2026 10:01:30 GMT"}, None),
        ({"retry-after": "Mon, 02 Nov 2026 10:01:30 GMT", "date": "yesterday"}, None),
        ({"retry-after": "Mon, 99 Nov 2026 10:01:30 GMT", "date": DATE}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e400"}, None),
        ({"retry-after": "99999999"}, 31 * 86_400.0),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_when_to_come_back(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"openai-processing-ms": "100"}, 0.1),
        ({"server-timing": "x-originResponse;dur=253"}, 0.253),
        ({"server-timing": "gfet4t7; dur=866"}, 0.866),
        ({"server-timing": 'cfEdge;dur=2,cfOrigin;desc="a,b";dur="40.5"'}, 0.0405),
        ({"x-envoy-upstream-service-time": "690"}, 0.69),
        ({"openai-processing-ms": "100", "server-timing": "a;dur=900", "x-envoy-upstream-service-time": "5"}, 0.1),
        ({"openai-processing-ms": "-1", "server-timing": "a;dur=x, b;dur=7"}, 0.007),
        ({"server-timing": "cache;desc=hit"}, None),
        ({"server-timing": "a;dur=1.2.3"}, None),
        ({"openai-processing-ms": "999999999999"}, None),
        ({}, None),
    ],
)
def test_how_long_the_server_says_it_worked(headers: dict[str, str], seconds: float | None) -> None:
    assert server_seconds(headers) == seconds


@pytest.mark.parametrize(
    ("protocol", "headers", "request_id"),
    [
        ("anthropic-messages", {"request_id": "req_1"}, "req_1"),
        ("openai-chat", {"x_request_id": "req_2"}, "req_2"),
        ("openai-chat", {"apim_request_id": "a"}, "a"),
        ("openai-chat", {"mistral_correlation_id": "m"}, "m"),
        ("openai-chat", {"x_generation_id": "gen-1"}, "gen-1"),
        ("openai-responses", {"x_request_id": "r"}, "r"),
        ("openai-embeddings", {"inference_id": "i"}, "i"),
        ("gemini", {}, None),
    ],
)
def test_request_ids_are_found(protocol: str, headers: dict[str, str], request_id: str | None) -> None:
    assert PROTOCOLS[protocol].head(a_provider(), a_head(200, **headers)).request_id == request_id


def test_the_providers_own_request_id_header_wins() -> None:
    provider = a_provider(request_id_headers=("x-ours", "x-other"))
    head = a_head(200, x_request_id="theirs", x_other="ours")
    assert PROTOCOLS["openai-chat"].head(provider, head).request_id == "ours"


def test_a_request_id_is_cut_and_the_cut_leaves_room_to_take_secrets_out() -> None:
    facts = PROTOCOLS["openai-chat"].head(a_provider(), a_head(200, x_request_id='a"\x00é b\n' + "c" * 500))
    assert facts.request_id == 'a"b' + "c" * 393


def test_a_request_id_of_nothing_printable_is_none_and_the_next_header_counts() -> None:
    head = a_head(200, x_request_id="\x00 é", apim_request_id="apim")
    assert PROTOCOLS["openai-chat"].head(a_provider(), head).request_id == "apim"


def test_retry_after_on_a_200_is_told_as_sent() -> None:
    facts = PROTOCOLS["anthropic-messages"].head(a_provider(), a_head(200, retry_after="36"))
    assert facts.retry_after_seconds == 36


def test_the_region_that_served_is_read() -> None:
    assert PROTOCOLS["openai-chat"].head(a_provider(), a_head(200, x_ms_region="East US")).provider_region == "EastUS"
