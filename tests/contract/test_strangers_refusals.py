"""Refusals as providers, gateways and CDNs word them, and the pages that stand in front of services."""

import json
from typing import Any

import pytest

from aiprobe.core.kind import HttpExpectation
from aiprobe.core.outcomes import Outcome, Verdict, availability_verdict
from tests.contract.strangers import a_stranger, a_target_at, probe, says, told_by
from tests.contract.strangers_say import (
    ANTHROPIC,
    CHAT,
    GEMINI,
    head,
    reply,
)

pytestmark = pytest.mark.slow

QUOTA_OF_GOOGLE = "You exceeded your current quota, please check your plan and billing details."
PER_MINUTE = {"violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]}
BAD_KEY = {"reason": "API_KEY_INVALID", "domain": "googleapis.com"}
BILLING_ADVICE = "Rate limit reached for requests per min. Add a payment method: https://platform.openai.com/billing"
AZURE = "Requests have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 8 seconds."
CREDIT = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing."
FILTERED = {"code": "content_filter", "param": "prompt", "innererror": {"code": "ResponsibleAIPolicyViolation"}}

REFUSALS: list[tuple[str, int, Any, str]] = [
    (CHAT, 401, {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}, "auth"),
    (CHAT, 401, "<html><title>401 Authorization Required</title></html>", "auth"),
    (CHAT, 402, {"error": {"message": "Insufficient credits", "code": 402}}, "quota_exhausted"),
    (CHAT, 403, "<html><title>403 Forbidden</title></html>", "auth"),
    (CHAT, 404, {"error": {"code": "model_not_found"}}, "not_found"),
    (CHAT, 408, "", "server_error"),
    (CHAT, 409, "", "bad_request"),
    (CHAT, 413, "<html><title>413</title></html>", "bad_request"),
    (CHAT, 422, {"detail": [{"loc": ["body"], "msg": "field required"}]}, "bad_request"),
    (CHAT, 424, {"message": "model error"}, "server_error"),
    (CHAT, 429, "", "rate_limited"),
    (CHAT, 429, {"error": {"message": BILLING_ADVICE, "code": "rate_limit_exceeded"}}, "rate_limited"),
    (CHAT, 429, {"error": {"message": QUOTA_OF_GOOGLE, "code": "insufficient_quota"}}, "quota_exhausted"),
    (CHAT, 429, {"error": {"code": "429", "message": AZURE}}, "rate_limited"),
    (CHAT, 429, {"object": "error", "type": "rate_limited", "code": "1300"}, "rate_limited"),
    (CHAT, 429, {"object": "error", "message": "Service tier capacity exceeded", "code": "3505"}, "overloaded"),
    (CHAT, 429, {"error": {"message": "Engine overloaded: queue full"}}, "overloaded"),
    (GEMINI, 429, {"error": {"message": QUOTA_OF_GOOGLE, "status": "RESOURCE_EXHAUSTED", "details": [PER_MINUTE]}},
     "rate_limited"),
    (GEMINI, 400, {"error": {"status": "INVALID_ARGUMENT", "details": [BAD_KEY]}}, "auth"),
    (GEMINI, 400, {"error": {"message": "Billing is off", "status": "FAILED_PRECONDITION"}}, "quota_exhausted"),
    (ANTHROPIC, 400, {"type": "error", "error": {"message": CREDIT}}, "quota_exhausted"),
    (CHAT, 400, {"code": "Invalid argument", "error": "Incorrect API key provided: xa***45."}, "auth"),
    (CHAT, 400, {"error": FILTERED}, "content_filtered"),
    (CHAT, 498, {"error": {"message": "capacity"}}, "overloaded"),
    (CHAT, 499, "", "bad_request"),
    (CHAT, 500, {"error": {"message": "The server is currently overloaded", "type": "server_error"}}, "overloaded"),
    (CHAT, 503, "", "overloaded"),
    (ANTHROPIC, 529, "<title>529</title>", "overloaded"),
    *[(CHAT, status, f"<title>{status}</title>", "server_error") for status in (500, 502, 504, 520, 526, 599)],
    (CHAT, 700, "", "server_error"),
]  # fmt: skip


@pytest.mark.parametrize(("protocol", "status", "body", "expected"), REFUSALS, ids=lambda value: str(value)[:40])
async def test_a_refusal_is_called_what_it_is(protocol: str, status: int, body: Any, expected: str) -> None:
    kind = None if isinstance(body, dict) else "text/html"
    result, stranger = await told_by(says(reply(status, body, kind)), protocol)
    assert (result.outcome.value, result.http_status, len(stranger.requests)) == (expected, status, 1)
    assert result.detail.startswith(f"HTTP {status}")


@pytest.mark.parametrize(("status", "sort", "expected"), [
    (429, "ThrottlingException:http://internal.amazon.com/coral/", "rate_limited"),
    (429, "ModelNotReadyException", "overloaded"),
    (400, "ServiceQuotaExceededException", "quota_exhausted"),
])  # fmt: skip
async def test_the_kind_of_error_that_amazon_puts_into_a_header_counts(status: int, sort: str, expected: str) -> None:
    result, _ = await told_by(says(reply(status, {"message": "Not now."}, None, f"x-amzn-errortype: {sort}")))
    assert result.outcome.value == expected


@pytest.mark.parametrize("probe_kind", ["chat", "models"])
@pytest.mark.parametrize("body", ["", "<html><title>gone elsewhere</title></html>"])
async def test_a_redirect_says_where_it_leads(probe_kind: str, body: str) -> None:
    """The usual cause is a base_url with http for https, or a login page: who reads the detail must see it."""
    play = says(reply(307, body, "text/html", "Location: https://login.example/start"))
    result, _ = await told_by(play, probe=probe_kind)
    assert "307" in result.detail
    assert "https://login.example/start" in result.detail


@pytest.mark.parametrize("status", [307, 401, 404, 500, 503])
async def test_a_list_that_is_refused_without_a_word_says_at_least_the_status(status: int) -> None:
    result, _ = await told_by(says(reply(status, "")), probe="models")
    assert f"HTTP {status}" in result.detail


@pytest.mark.parametrize("value", ["4000000", "Fri, 01 Jan 2100 00:00:00 GMT"])
async def test_a_wait_of_months_is_not_read_as_no_wait(value: str) -> None:
    """The schedule cuts it to five minutes; forgetting it would mean asking on at full rate."""
    headers = (f"Retry-After: {value}", "Date: Sun, 22 Nov 2026 10:00:00 GMT")
    result, _ = await told_by(says(reply(429, {"error": {"message": "later"}}, None, *headers)))
    assert result.retry_after_seconds is not None
    assert result.retry_after_seconds > 300


@pytest.mark.parametrize("value", ["-1", "soon", "", "NaN", "Infinity", "1e3", "12:30"])
async def test_a_wait_that_is_no_wait_is_ignored(value: str) -> None:
    result, _ = await told_by(says(reply(429, {"error": {"message": "later"}}, None, f"Retry-After: {value}")))
    assert (result.outcome, result.retry_after_seconds) == (Outcome.RATE_LIMITED, None)


@pytest.mark.parametrize("probe_kind", ["chat", "models"])
@pytest.mark.parametrize(("status", "action"), [(202, "challenge"), (405, "captcha")])
async def test_a_challenge_for_browsers_only_is_still_a_challenge(status: int, action: str, probe_kind: str) -> None:
    """The firewall of AWS leaves the page out when `Accept` does not name HTML (its developer guide, "CAPTCHA and
    Challenge action behavior"): all that is left is the header."""
    result, _ = await told_by(says(reply(status, "", None, f"x-amzn-waf-action: {action}")), probe=probe_kind)
    assert result.outcome is Outcome.CHALLENGED


# Pages, as an http probe sees them.


async def see(*pieces: bytes, **expect: Any) -> Outcome:
    async with a_stranger(says(*pieces)) as stranger:
        target = a_target_at(stranger.url, probe="http", url=f"{stranger.url}/page", expect=HttpExpectation(**expect))
        return (await probe(target)).outcome


@pytest.mark.parametrize("kind", ["text/html", "Text/HTML", "TEXT/HTML; Charset=UTF-8"])
async def test_a_blank_page_is_empty_however_its_type_is_written(kind: str) -> None:
    assert await see(reply(200, "", kind)) is Outcome.EMPTY


@pytest.mark.parametrize(
    "body", ["", "You have reached your usage limit, see billing.", json.dumps({"error": "quota"})]
)
async def test_a_page_that_turns_us_away_for_asking_too_often_is_no_outage(body: str) -> None:
    outcome = await see(reply(429, body, "text/html"))
    assert availability_verdict(outcome) is Verdict.EXCLUDED


@pytest.mark.parametrize(
    ("status", "header"), [(202, "x-amzn-waf-action: challenge"), (200, "cf-mitigated: challenge")]
)
async def test_a_challenge_under_a_2xx_is_no_page(status: int, header: str) -> None:
    """The web application firewall of AWS challenges with a 202 (its developer guide, "Challenge action")."""
    assert await see(reply(status, "<html><script src=challenge.js>", "text/html", header)) is Outcome.CHALLENGED


async def test_credentials_stay_at_home_when_a_page_leads_elsewhere() -> None:
    async with a_stranger(says(reply(200, "<p>hi", "text/html"))) as other:
        location = f"Location: http://127.0.0.1:{other.port}/elsewhere"
        async with a_stranger(says(reply(302, "", "text/html", location))) as home:
            result = await probe(a_target_at(home.url, probe="http", url=f"{home.url}/page"))
    assert result.outcome is Outcome.OK
    assert "authorization" in home.requests[0].head.lower()
    assert "authorization" not in other.requests[0].head.lower()


@pytest.mark.parametrize(
    "location", ["javascript:alert(1)", "http://u:p@127.0.0.1/", "/a b", "", "http://[::1", "//", "file:///etc/passwd"]
)
async def test_a_redirect_to_nowhere_is_reported_and_not_followed(location: str) -> None:
    assert await see(reply(302, "", "text/html", f"Location: {location}")) is Outcome.SERVER_ERROR


async def test_a_page_that_hangs_after_its_head_is_stalled_or_late_and_never_ok() -> None:
    async with a_stranger(says(head(200, "text/html", "Content-Length: 9") + b"<p>", then_hang=True)) as stranger:
        result = await probe(a_target_at(stranger.url, probe="http", url=f"{stranger.url}/page"))
    assert result.outcome in {Outcome.STALLED, Outcome.TIMEOUT_TOTAL}
