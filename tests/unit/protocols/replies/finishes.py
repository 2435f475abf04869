"""Why a model stopped, in every spelling that servers and gateways use, under every dialect."""
# ruff: noqa: E501 - a row is a reply

from collections.abc import Iterator
from typing import Any, Final

from aiprobe.core.outcomes import Outcome
from tests.unit.protocols.replies.playing import (
    LINE,
    Reply,
    as_json,
    chunk,
    claude_body,
    claude_stream,
    completion,
    frames,
    gemini,
    response,
    response_stream,
)

FINE: Final[list[Any]] = [
    "stop", "STOP", "Stop", "eos", "eos_token", "EOS", "stop_sequence", "end_turn", "END_TURN", "COMPLETE", "complete",
    "completed", "FinishReason.STOP", "FINISH_REASON_STOP", "normal", "done", "stop_token", "matched_stop",
    "length", "LENGTH", "max_tokens", "MAX_TOKENS", "maxTokens", "max_output_tokens", "MAX_OUTPUT_TOKENS", "model_length",
    "max_new_tokens", "FinishReason.MAX_TOKENS", "model_context_window_exceeded", "context_length_exceeded", "max-tokens",
    "tool_calls", "tool_use", "function_call", "pause_turn", "TOOL_CALL", "OTHER", "MALFORMED_FUNCTION_CALL", "unknown",
    "something_new", 1, 2, 7.5, True, "finish", "load", "eod",
]  # fmt: skip
"""The answer is whole: what its server calls the end is no reason to doubt it."""
FILTERED: Final = [
    "content_filter", "content-filter", "CONTENT_FILTER", "contentFilter", "content_filtered", "SAFETY", "safety", "Safety",
    "RECITATION", "recitation", "sensitive", "SENSITIVE", "refusal", "REFUSAL", "refused", "PROHIBITED_CONTENT",
    "prohibited_content", "BLOCKLIST", "blocklist", "SPII", "MODEL_ARMOR", "LANGUAGE", "IMAGE_SAFETY", "JAILBREAK",
    "guardrail_intervened", "guardrails", "ERROR_TOXIC", "moderation", "FinishReason.SAFETY", "FINISH_REASON_SAFETY",
    "content_policy", "policy_violation",
]  # fmt: skip
ERRORS: Final = {
    **dict.fromkeys(
        ("error", "ERROR", "Error", "network_error", "NETWORK_ERROR", "network-error", "timeout", "TIMEOUT", "abort",
         "aborted", "server_error", "internal_error", "upstream_error", "provider_error", "model_error", "failed"),
        Outcome.ERROR_IN_BODY,
    ),
    **dict.fromkeys(
        ("engine_overloaded", "ENGINE_OVERLOADED", "overloaded", "insufficient_system_resource", "unavailable"),
        Outcome.OVERLOADED,
    ),
    **dict.fromkeys(("rate_limit", "rate_limited", "rate_limit_exceeded"), Outcome.RATE_LIMITED),
}  # fmt: skip


BLANKS: Final[list[Any]] = [
    {"code": 0, "message": ""}, {"code": "0", "message": None}, {}, "", None, False, [], {"code": 200, "message": "OK"},
    {"code": 0, "message": "success"}, {"message": "", "type": "", "param": None, "code": None}, "null", 0,
]  # fmt: skip
"""What stands in the place of an error beside an answer, and is none."""


def _under_every_dialect(reason: Any, outcome: Outcome) -> Iterator[Reply]:
    name = f"finish {reason!r}"
    yield Reply(name, "openai-chat", frames(chunk(LINE), chunk(finish=reason)), outcome)
    yield Reply(name, "openai-chat", as_json(completion(LINE, finish=reason)), outcome, stream=False)
    yield Reply(name, "anthropic-messages", claude_stream(LINE, stop=reason), outcome)
    yield Reply(name, "anthropic-messages", as_json(claude_body(LINE, stop=reason)), outcome, stream=False)
    yield Reply(name, "gemini", frames(gemini(LINE, finish=reason), done=False), outcome)
    yield Reply(name, "gemini", as_json(gemini(LINE, finish=reason)), outcome, stream=False)
    cohere = {"message": {"content": [{"type": "text", "text": LINE}]}, "finish_reason": reason, "id": "c"}
    yield Reply(name, "cohere-chat", as_json(cohere), outcome, stream=False)
    ollama = {"model": "m", "message": {"role": "assistant", "content": LINE}, "done": True, "done_reason": reason}
    yield Reply(name, "ollama-chat", as_json(ollama), outcome, stream=False)
    bedrock = {"output": {"message": {"content": [{"text": LINE}]}}, "stopReason": reason}
    yield Reply(name, "bedrock-converse", as_json(bedrock), outcome, stream=False)
    if outcome in {Outcome.OK, Outcome.CONTENT_FILTERED}:
        details = {"incomplete_details": {"reason": reason}}
        yield Reply(name, "openai-responses", response_stream(LINE, status="incomplete", **details), outcome)
        whole = response(LINE, status="incomplete", **details)
        yield Reply(name, "openai-responses", as_json(whole), outcome, stream=False)


REPLIES: Final = [
    *(reply for reason in FINE for reply in _under_every_dialect(reason, Outcome.OK)),
    *(reply for reason in FILTERED for reply in _under_every_dialect(reason, Outcome.CONTENT_FILTERED)),
    *(reply for reason, outcome in ERRORS.items() for reply in _under_every_dialect(reason, outcome)),
    Reply("delta []", "openai-chat", frames(chunk(LINE), chunk(delta=[], finish="stop")), Outcome.OK),
    Reply("delta null", "openai-chat", frames(chunk(LINE), chunk(delta=None, finish="stop")), Outcome.OK),
    Reply("delta ''", "openai-chat", frames(chunk(delta=""), chunk(LINE), chunk(finish="stop")), Outcome.OK),
    *(
        Reply(f"blank error {blank!r}", "openai-chat", frames(chunk(LINE, error=blank), chunk(finish="stop", error=blank)), Outcome.OK)
        for blank in BLANKS
    ),
    *(
        Reply(f"blank error {blank!r}", "openai-chat", as_json(completion(LINE, error=blank)), Outcome.OK, stream=False)
        for blank in BLANKS
    ),
    *(
        Reply(f"blank error in the choice {blank!r}", "openai-chat", frames(chunk(LINE), chunk(finish="stop", choice={"error": blank})), Outcome.OK)
        for blank in ({"code": 0, "message": ""}, {}, "")
    ),
    Reply("blank error", "gemini", frames(gemini(LINE, error={"code": 0, "message": ""}), done=False), Outcome.OK),
    Reply("blank error", "gemini", as_json(gemini(LINE, error={})), Outcome.OK, stream=False),
    Reply("blank error", "anthropic-messages", as_json(claude_body(LINE, error={"code": 0, "message": ""})), Outcome.OK, stream=False),
    Reply("base_resp of a success", "openai-chat", frames(chunk(LINE), chunk(finish="stop", base_resp={"status_code": 0, "status_msg": ""})), Outcome.OK),
]  # fmt: skip
