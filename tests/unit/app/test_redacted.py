"""A result that leaves the process is free of secrets, and no longer than what is shown of it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from aiprobe.core.model import Result
from aiprobe.core.outcomes import Outcome
from aiprobe.core.redacted import redacted
from aiprobe.core.secret import Redactor, Secret

LIMITS = {"detail": 500, "answer": 200, "request_id": 100, "error_type": 100, "response_model": 100}
KEY = "s3cret-Of-Nobody-27"
REDACT = Redactor([Secret(KEY)])
PIECES = st.sampled_from(
    [KEY, KEY[:10], KEY[10:], "Bearer ", "abcdefgh", "\n", " ", "x" * 90, "é", "sk-", "0123456789abcdef"]
)
TEXTS = st.none() | st.lists(PIECES, max_size=4).map("".join)


@given(st.fixed_dictionaries(dict.fromkeys(LIMITS, TEXTS)))
def test_every_text_is_shown_as_if_it_were_alone(texts: dict[str, str | None]) -> None:
    texts["detail"] = texts["detail"] or ""
    shown = redacted(replace(Result(outcome=Outcome.OK), **texts), REDACT)  # type: ignore[arg-type]  # by name
    for name, limit in LIMITS.items():
        said = texts[name]
        clean = None if said is None else REDACT(said)
        if clean is not None and len(clean) > limit:
            clean = f"{clean[: limit - 1]}…"
        assert getattr(shown, name) == clean


def test_a_result_without_secrets_is_the_same_one() -> None:
    result = Result(outcome=Outcome.OK, answer="bodakemut END48213", request_id="req-7")
    assert redacted(result, REDACT) is result
