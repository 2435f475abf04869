"""Reasons why a model stopped: the words of every dialect in one table, because gateways pass on the words of others.

Words are compared squashed: without case, signs and prefixes. A number or an unknown word is `other`.
Sources: the API references of OpenAI, Anthropic, Google, Cohere, Mistral, Zhipu, DeepSeek and AWS; vLLM, SGLang, TGI.
"""

from collections.abc import Mapping
from typing import Final

from aiprobe.protocols.base import Failure, Finish, Stopped
from aiprobe.protocols.jsonvalues import UnreadableError, a_name
from aiprobe.protocols.judging import errors
from aiprobe.protocols.judging.errorfacts import squashed

_WORDS: Final = {
    Finish.STOP: (
        "stop eos eostoken stopsequence stoptoken endturn endofturn complete completed done normal finished matchedstop"
    ),
    Finish.LENGTH: (
        "length maxlength maxtokens maxtoken maxoutputtokens maxoutputtoken maxcompletiontokens "
        "maxnewtokens modellength modelcontextwindowexceeded contextlength contextlengthexceeded "
        "contextwindowexceeded tokenlimit limitreached lengthlimit incomplete"
    ),
    Finish.FILTERED: (
        "contentfilter contentfiltered contentfiltering contentpolicy contentmoderation "
        "contentblocked safety recitation sensitive refusal refused language blocklist "
        "prohibitedcontent spii modelarmor imagesafety imageprohibitedcontent imagerecitation "
        "jailbreak guardrail guardrailintervened guardrails moderation errortoxic blocked "
        "policyviolation flagged censored sensitivecontent"
    ),
    Finish.ERROR: (
        "error errorlimit timeout networkerror engineoverloaded overloaded abort aborted servererror "
        "internalerror internalservererror upstreamerror providererror unavailable serviceunavailable "
        "insufficientsystemresource ratelimit ratelimited ratelimitexceeded failed failure "
        "malformedmodeloutput malformedtooluse modelerror enginefailure streamerror connectionerror"
    ),
}
_FINISHES: Final[Mapping[str, Finish]] = {word: finish for finish, words in _WORDS.items() for word in words.split()}
"""Anything else, tool calls among it, is `other`."""
_UNSPECIFIC: Final = frozenset({"", "unspecified", "null", "none"})
_PREFIX: Final = "finishreason"
"""Google's enumeration, spelled out: `FinishReason.STOP`, `FINISH_REASON_UNSPECIFIED`."""


def stopped(reason: object) -> Stopped | None:
    """Return why a model stopped, from the value of its reason field; None if that is empty."""
    if not reason:
        return None
    if isinstance(reason, dict | list):
        raise UnreadableError(f"{type(reason).__name__} where a reason belongs")
    name = word(reason) if isinstance(reason, str) else "?"
    if name in _UNSPECIFIC and isinstance(reason, str):
        return None
    return Stopped(_FINISHES.get(name, Finish.OTHER), a_name(reason) or type(reason).__name__)


def word(reason: str) -> str:
    """Return a reason as it is compared: squashed, without prefix."""
    return squashed(reason).removeprefix(_PREFIX)


def failed(stop: Stopped | None) -> Failure | None:
    """Return the failure that a reason to stop is, as `network_error` and `engine_overloaded` are."""
    if stop is None or stop.finish is not Finish.ERROR:
        return None
    failure = errors.of_error({"code": stop.reason})
    return Failure(outcome=failure.outcome, error_type=stop.reason, message=f"finish reason {stop.reason}")
