"""Thoughts in the visible text: tags of every template, closed, unclosed, never opened, and cut."""

from collections.abc import Iterator
from typing import Any, Final

from aiprobe.core.outcomes import Outcome
from tests.unit.protocols.replies.playing import LINE, Reply, as_json, chunk, claude_stream, completion, frames

OK, STARVED, EMPTY, WRONG, TRUNCATED = (
    Outcome.OK, Outcome.STARVED, Outcome.EMPTY, Outcome.WRONG_ANSWER, Outcome.TRUNCATED,
)  # fmt: skip
TAGS: Final = [
    ("<think>", "</think>"),
    ("<think>\n", "\n</think>\n\n"),
    ("<THINK>", "</THINK>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ('<think time="3">', "</think>"),
    ("<seed:think>", "</seed:think>"),
    ("<antThinking>", "</antThinking>"),
    ("<mm:think>", "</mm:think>"),
    ("[THINK]", "[/THINK]"),
    ("[think]", "[/think]"),
    ("◁think▷", "◁/think▷"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<unused94>thought\n", "<unused95>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("<|start|>assistant<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
    ("<|channel>thought\n", "<channel|>"),
    ("analysisWe must repeat. ", "assistantfinal"),
    ("Thinking...\n", "\n...done thinking.\n\n"),
]
THOUGHT: Final = f"The user wants me to repeat the line {LINE} and then to stop. So I answer with it"


def _texts() -> Iterator[tuple[str, str, Any, Outcome]]:
    for opening, closing in TAGS:
        yield f"{opening}{THOUGHT}{closing}{LINE}", "closed", "stop", OK
        yield f"{opening}{closing}{LINE}", "closed at once", "stop", OK
        yield (
            f"{THOUGHT}{closing}{LINE}" if closing != "assistantfinal" else f"{opening}{closing}{LINE}",
            "never opened",
            "stop",
            OK,
        )
        yield f"{opening}{THOUGHT}", "cut inside", "length", STARVED
        yield f"{opening}short", "cut early", "length", STARVED
        yield f"{opening}{THOUGHT}{closing}", "cut before the answer", "length", STARVED
        yield f"{opening}{THOUGHT}{closing}{LINE[:6]}", "cut inside the answer", "length", STARVED
        yield f"{opening}{LINE}", "never closed, stopped by itself", "stop", OK
        yield f"{opening}{THOUGHT}{closing}", "nothing behind", "stop", EMPTY
        yield f"{opening}{THOUGHT}{closing}I cannot do that", "another answer", "stop", WRONG


TEXTS: Final = [
    *_texts(),
    (f"<think>a</think>no<think>b</think>{LINE}", "two thoughts", "stop", OK),
    (f"{LINE}<think>was that right?", "an answer before an open thought", "length", OK),
    (f"{LINE}", "no thought", "length", OK),
    (f"{LINE[:6]}", "no thought, cut", "length", TRUNCATED),
    (f"The answer is </think> {LINE}", "only the closing tag", "stop", OK),
    ("<think>I will not", "never closed and wrong", "stop", WRONG),
    (f"analysis of the line: {LINE}", "a word that is no tag", "stop", OK),
    (f"{LINE}<|end|>", "a special token at the end", "stop", OK),
    (f"{LINE}<|return|>", "another one", "stop", OK),
    (f"{LINE}</s>", "an end of sequence", "stop", OK),
]


def _replies() -> Iterator[Reply]:
    for text, name, finish, outcome in TEXTS:
        title = f"{name}: {text[:20]!r}"
        yield Reply(title, "openai-chat", frames(*map(chunk, text), chunk(finish=finish)), outcome)
        yield Reply(title, "openai-chat", as_json(completion(text, finish=finish)), outcome, stream=False)
        stop = "max_tokens" if finish == "length" else "end_turn"
        yield Reply(title, "anthropic-messages", claude_stream(text, stop=stop), outcome)


REPLIES: Final = list(_replies())
