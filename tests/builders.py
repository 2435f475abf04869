"""Builders of the domain's data for tests: everything has a default, a test names what it is about."""

from dataclasses import replace
from typing import Any

from aiprobe.core.model import Attempt, Finished, Price, Provider, Result, Target
from aiprobe.core.outcomes import Outcome, availability_verdict
from aiprobe.core.secret import Secret
from aiprobe.core.verdicts import slo_verdicts
from aiprobe.probes import PROBES

A_PRICE = Price(input_usd=1.0, output_usd=5.0, source="a test", read_on="2026-11-01")


def a_provider(**changes: Any) -> Provider:
    """Return a provider that speaks OpenAI's chat protocol."""
    plain = Provider(
        key="openai",
        name="openai",
        display_name="OpenAI",
        protocol="openai-chat",
        base_url="http://127.0.0.1:9/v1",
        api_key=Secret("sk-test-0123456789"),
    )
    return replace(plain, **changes)


def a_target(**changes: Any) -> Target:
    """Return a chat target of that provider; `probe` is the name of another kind."""
    if "probe" in changes:
        changes["kind"] = PROBES[changes.pop("probe")].kind
    plain = Target(
        name="gpt-chat",
        provider=a_provider(),
        kind=PROBES["chat"].kind,
        surface="OpenAI API",
        model="gpt-4.1-nano",
        vantage="here",
        price=A_PRICE,
        max_output_tokens=64,
    )
    return replace(plain, **changes)


def a_result(outcome: Outcome = Outcome.OK, **changes: Any) -> Result:
    """Return a result; a good one holds what a streamed answer would tell."""
    plain = Result(outcome=outcome, duration_seconds=0.5, http_status=200, bytes_received=900)
    if outcome is Outcome.OK:
        plain = replace(
            plain,
            phases={"connect": 0.01, "send": 0.001, "first_byte": 0.1, "first_token": 0.05, "stream": 0.3},
            time_to_first_token_seconds=0.2,
            input_tokens=30,
            output_tokens=10,
            cost_usd=0.00008,
            request_id="req_1",
        )
    return replace(plain, **changes)


def a_finished(target: Target | None = None, result: Result | None = None, **changes: Any) -> Finished:
    """Return a finished probe with the verdicts that follow from its result."""
    target = target or a_target()
    result = result or a_result()
    attempt = changes.get("attempt", Attempt.SCHEDULED)
    verdict = availability_verdict(result.outcome, egress_down=changes.get("egress_down", False))
    verdicts = slo_verdicts(target.objectives, result, verdict) if attempt is Attempt.SCHEDULED else {}
    plain = Finished(target=target, result=result, attempt=attempt, verdict=verdict, slo_verdicts=verdicts)
    return replace(plain, **changes)
