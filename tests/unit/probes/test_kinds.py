"""A kind of probe is its own file and a line of the table: the other rooms read what it states of itself."""

from pathlib import Path
from typing import ClassVar

import pytest

from aiprobe.config.known import Known
from aiprobe.config.load import load
from aiprobe.config.problems import ConfigError
from aiprobe.core.clock import Clock
from aiprobe.core.kind import ProbeKind, Sizes, Tokens
from aiprobe.core.model import Result, Target
from aiprobe.core.money import bound_usd, expected_usd_per_day
from aiprobe.core.outcomes import Outcome
from aiprobe.probes import PROBES
from aiprobe.probes.base import Prepare, Tools, only_in
from aiprobe.transport.transport import Transport
from tests.builders import a_provider

CONFIG = """\
vantage: here
providers:
  p: {protocol: openai-chat, base_url: "http://127.0.0.1:9/v1", egress: false}
targets:
  - {name: t, provider: p, probe: echo, model: m, output_tokens: 40, price: {input_usd: 1, output_usd: 2}}
"""


def _tokens(target: Sizes) -> Tokens:
    return Tokens(most_input=1_000, most_output=2_000, expected_output=target.output_tokens or 0)


class EchoProbe:
    """Answers itself."""

    kind: ClassVar = ProbeKind(
        name="echo",
        needs_model=True,
        keys=frozenset({"output_tokens"}),
        protocol_problem=only_in("openai-chat"),
        tokens=_tokens,
        fallback=PROBES["models"].kind,
    )

    def __init__(self, target: Target, tools: Tools) -> None:
        self._target = target

    async def run(self) -> Result:
        """Return the name of the model."""
        return Result(outcome=Outcome.OK, answer=self._target.model)


TABLE: dict[str, Prepare] = {**PROBES, "echo": EchoProbe}
KNOWN = Known(kinds={name: probe.kind for name, probe in TABLE.items()}, protocols=frozenset({"openai-chat", "gemini"}))


def targets_of(directory: Path, text: str) -> tuple[Target, ...]:
    file = directory / "aiprobe.yml"
    file.write_text(text, encoding="utf-8")
    return load(file, environ={}, known=KNOWN).targets


async def test_a_kind_that_was_added_to_the_table_is_configured_priced_and_probed(tmp_path: Path) -> None:
    (target,) = targets_of(tmp_path, CONFIG)
    assert (target.probe, target.kind) == ("echo", EchoProbe.kind)
    assert bound_usd(target) == pytest.approx(0.005)
    assert expected_usd_per_day(target) == pytest.approx(0.00108 * 1440)
    clock = Clock()
    result = await TABLE[target.probe](target, Tools(transport=Transport(clock=clock), clock=clock)).run()
    assert (result.outcome, result.answer) == (Outcome.OK, "m")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (CONFIG.replace("model: m, ", ""), "`probe: echo` needs a model; give `model:`"),
        (CONFIG.replace("openai-chat", "gemini"), "`probe: echo` does not support the protocol gemini"),
        (CONFIG.replace("model: m,", "model: m, expect: {text: x},"), "echo`; use `probe: chat` or `probe: http`, or"),
        (CONFIG.replace("probe: echo", "probe: models"), "use `probe: chat` or `probe: echo`, or leave it out"),
        (CONFIG.replace("probe: echo", "probe: ehco"), 'is not a known kind of probe; did you mean "echo"?'),
    ],
)  # fmt: skip
def test_what_it_needs_is_checked_by_what_it_states(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as found:
        targets_of(tmp_path, text)
    assert problem in str(found.value)


@pytest.mark.parametrize("kind", [probe.kind for probe in PROBES.values()], ids=list(PROBES))
def test_a_fallback_costs_nothing_and_has_none_itself(kind: ProbeKind) -> None:
    if kind.fallback is not None:
        assert kind.fallback.fallback is None
        assert kind.fallback.tokens(PlainSizes()) == Tokens()
    assert PROBES[kind.name].kind is kind


class PlainSizes:
    """A target that says nothing of its sizes."""

    input_tokens = output_tokens = max_output_tokens = None
    provider = a_provider()
    turns = 3
    ask = "repeat"
    golden = None
