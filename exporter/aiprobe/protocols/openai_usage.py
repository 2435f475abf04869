"""Token counts in the spelling of OpenAI's chat protocol and of its compatible variants."""

from typing import Final

from aiprobe.protocols.base import Usage
from aiprobe.protocols.jsonvalues import a_count, any_object
from aiprobe.protocols.judging.errorfacts import means_something

_NOTHING: Final = Usage()


def chat_usage(usage: object) -> Usage | None:
    """Read a `usage` object; None if it has no counts.

    xAI and Gemini's compatible surface leave reasoning out of `completion_tokens` but not out of `total_tokens`, and
    bill it; so the greater of the two is the output. Mistral's sounds are in the total alone, and are input.
    """
    counts = any_object(usage)
    if not counts:
        return None
    prompt, completion = a_count(counts.get("prompt_tokens")), a_count(counts.get("completion_tokens"))
    total = a_count(counts.get("total_tokens"))
    output = completion
    prompt_details = any_object(counts.get("prompt_tokens_details"))
    sounds = any(means_something(each) for name, each in {**prompt_details, **counts}.items() if "audio" in name)
    if total is not None and prompt is not None and completion is not None and not sounds:
        output = max(completion, total - prompt)
    completion_details = any_object(counts.get("completion_tokens_details"))
    read = Usage(
        input_tokens=prompt,
        output_tokens=output,
        reasoning_tokens=_first(completion_details.get("reasoning_tokens"), counts.get("reasoning_tokens")),
        cached_input_tokens=_first(
            prompt_details.get("cached_tokens"),
            counts.get("prompt_cache_hit_tokens"),  # DeepSeek
            counts.get("num_cached_tokens"),  # Mistral
            counts.get("cached_tokens"),  # Moonshot
        ),
    )
    return None if read == _NOTHING else read


def _first(*values: object) -> int | None:
    for value in values:
        if value is not None and (count := a_count(value)) is not None:
            return count
    return None
