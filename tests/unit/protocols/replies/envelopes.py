"""Errors under status 200, in envelopes and framings of their own. Each keeps its words."""
# ruff: noqa: E501 - a row is a reply

from collections.abc import Iterator
from typing import Any, Final

from aiprobe.core.outcomes import Outcome
from tests.unit.protocols.replies.playing import LINE, Reply, as_json, chunk, frames

OVERLOADED, RATE, QUOTA, AUTH = Outcome.OVERLOADED, Outcome.RATE_LIMITED, Outcome.QUOTA_EXHAUSTED, Outcome.AUTH
ERROR, FILTERED = Outcome.ERROR_IN_BODY, Outcome.CONTENT_FILTERED
DOCUMENTS: Final[list[tuple[Any, Outcome, str]]] = [
    ({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}, QUOTA, "insufficient balance"),
    ({"base_resp": {"status_code": 1004, "status_msg": "login fail"}}, AUTH, "login fail"),
    ({"base_resp": {"status_code": 2049, "status_msg": "bad key"}}, AUTH, "bad key"),
    ({"base_resp": {"status_code": 1002, "status_msg": "slow, please"}}, RATE, "slow, please"),
    ({"base_resp": {"status_code": 1039, "status_msg": "tokens"}}, RATE, "tokens"),
    ({"base_resp": {"status_code": 1013, "status_msg": "unknown error"}}, ERROR, "unknown error"),
    ({"base_resp": {"status_code": 1027, "status_msg": "output new_sensitive"}}, FILTERED, "output new_sensitive"),
    ({"id": "x", "choices": None, "model": "m", "base_resp": {"status_code": 1008, "status_msg": "no money"}}, QUOTA, "no money"),
    ({"detail": "Internal server error"}, ERROR, "Internal server error"),
    ({"detail": "Model is overloaded"}, OVERLOADED, "Model is overloaded"),
    ({"detail": "Invalid API key"}, AUTH, "Invalid API key"),
    ({"detail": {"error": {"message": "worker died", "type": "server_error"}}}, ERROR, "worker died"),
    ({"detail": {"message": "rate limit exceeded", "code": "rate_limit"}}, RATE, "rate limit exceeded"),
    ({"detail": [{"loc": ["body"], "msg": "field required", "type": "missing"}]}, ERROR, "field required"),
    ({"code": 500, "message": "system error"}, ERROR, "system error"),
    ({"code": "500", "message": "system error"}, ERROR, "system error"),
    ({"code": 429, "message": "requests"}, RATE, "requests"),
    ({"code": 503, "msg": "try later"}, OVERLOADED, "try later"),
    ({"code": 401, "message": "who are you"}, AUTH, "who are you"),
    ({"code": 30001, "message": "no balance", "data": None}, QUOTA, "no balance"),
    ({"code": 50505, "message": "try later", "data": None}, OVERLOADED, "try later"),
    ({"code": "InvalidApiKey", "message": "Invalid API-key provided.", "request_id": "r"}, AUTH, "Invalid API-key provided."),
    ({"code": "Throttling.RateQuota", "message": "limit", "request_id": "r"}, RATE, "limit"),
    ({"code": "Arrearage", "message": "Access denied", "request_id": "r"}, QUOTA, "Access denied"),
    ({"status": 500, "message": "oops"}, ERROR, "oops"),
    ({"status": "error", "message": "oops"}, ERROR, "oops"),
    ({"success": False, "message": "oops"}, ERROR, "oops"),
    ({"success": False, "errors": [{"code": 3040, "message": "Capacity temporarily exceeded, please try again."}]}, OVERLOADED, "Capacity temporarily exceeded"),
    ({"object": "error", "message": "the engine died", "type": "InternalServerError", "code": 500}, ERROR, "the engine died"),
    ({"object": "error", "message": "Rate limit exceeded", "type": "rate_limited", "code": "1300"}, RATE, "Rate limit exceeded"),
    ({"error_code": 18, "error_msg": "Open api qps request limit reached"}, RATE, "qps request limit"),
    ({"error_code": 17, "error_msg": "Open api daily request limit reached"}, QUOTA, "daily request limit"),
    ({"error_code": 110, "error_msg": "Access token invalid"}, AUTH, "Access token invalid"),
    ({"error_code": 336100, "error_msg": "try again"}, OVERLOADED, "try again"),
    ({"header": {"code": 11202, "message": "licc failed", "sid": "s", "status": 2}}, RATE, "licc failed"),
    ({"header": {"code": 10008, "message": "no room", "sid": "s", "status": 2}}, OVERLOADED, "no room"),
    ({"Response": {"Error": {"Code": "AuthFailure.SignatureFailure", "Message": "bad signature"}, "RequestId": "r"}}, AUTH, "bad signature"),
    ({"Response": {"Error": {"Code": "FailedOperation.ResourcePackExhausted", "Message": "empty"}, "RequestId": "r"}}, QUOTA, "empty"),
    ({"fault": {"faultstring": "Rate limit quota violation", "detail": {"errorcode": "policies.ratelimit.QuotaViolation"}}}, RATE, "Rate limit quota violation"),
    ({"errorMessage": "Task timed out", "errorType": "Sandbox.Timedout"}, ERROR, "Task timed out"),
    ({"errors": [{"message": "no healthy upstream"}]}, OVERLOADED, "no healthy upstream"),
    ({"error": "upstream unavailable", "error_type": "overloaded"}, OVERLOADED, "upstream unavailable"),
    ({"error": "boom", "error_type": "generation"}, ERROR, "boom"),
    ({"error": {"message": "insufficient balance (1008)", "type": "api_error"}}, QUOTA, "insufficient balance"),
    ({"error": {"message": "No available channel for model m", "type": "new_api_error"}}, OVERLOADED, "No available channel"),
    ({"error": {"message": "upstream returned 429 Too Many Requests"}}, RATE, "429 Too Many Requests"),
    ({"title": "Bad gateway", "status": 502, "detail": "the origin is away"}, ERROR, "the origin is away"),
    ({"message": "Internal server error"}, ERROR, "Internal server error"),
    ({"type": "error", "message": "boom"}, ERROR, "boom"),
]  # fmt: skip
TEXTS: Final = [
    (b'"the worker died"', ERROR, "the worker died"),
    (b'"Overloaded"', OVERLOADED, "Overloaded"),
    (b"Internal Server Error", ERROR, "Internal Server Error"),
    (b"error: upstream timed out", ERROR, "upstream timed out"),
    (b"upstream is overloaded", OVERLOADED, "overloaded"),
    (b"Rate limit exceeded", RATE, "Rate limit exceeded"),
    (b"[ERROR] the worker died", ERROR, "the worker died"),
    (b"invalid api key", AUTH, "invalid api key"),
    (b"no healthy upstream", OVERLOADED, "no healthy upstream"),
    (b"insufficient balance", QUOTA, "insufficient balance"),
    ("服务器繁忙".encode(), OVERLOADED, "服务器繁忙"),
    (b"litellm.InternalServerError: boom", ERROR, "boom"),
    (b"Traceback (most recent call last):", ERROR, "Traceback"),
]
STREAMED: Final = ["openai-chat", "openai-responses", "anthropic-messages", "gemini", "cohere-chat"]


def _replies() -> Iterator[Reply]:
    for document, outcome, words in DOCUMENTS:
        name = f"{document}"[:70]
        for protocol in STREAMED:
            yield Reply(name, protocol, frames(document, done=False), outcome, words=words)
            yield Reply(f"then done: {name}", protocol, frames(document), outcome, words=words)
            yield Reply(name, protocol, as_json(document), outcome, stream=False, words=words)
        yield Reply(f"after words: {name}", "openai-chat", frames(chunk(LINE[:5]), document), outcome, words=words)
        named = b"event: error\n" + frames(document, done=False)
        yield Reply(f"named: {name}", "anthropic-messages", named, outcome, words=words)
        field = b"error: %s\n\n" % as_json(document.get("error", document))
        yield Reply(f"field: {name}", "openai-chat", field + frames(), outcome, words=words)
        yield Reply(
            f"field after words: {name}", "openai-chat", frames(chunk("bo"), done=False) + field, outcome, words=words
        )
    for text, outcome, words in TEXTS:
        for protocol in STREAMED:
            yield Reply(f"text {text!r}", protocol, frames(text, done=False), outcome, words=words)
        yield Reply(f"text after words {text!r}", "openai-chat", frames(chunk("bo"), text), outcome, words=words)
        yield Reply(f"text in the field {text!r}", "openai-chat", b"error: " + text + b"\n\n", outcome, words=words)


REPLIES: Final = list(_replies())
