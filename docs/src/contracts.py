"""The reference page of contracts, docs/contracts.md, written from `contracts.toml`; a test holds it current."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Final

from aiprobe.contracts.contract import Contract, CreditUnit, Method
from aiprobe.contracts.shipped import contracts, without_contract

_INTRODUCTION: Final = """\
# Contracts

Generated from `exporter/aiprobe/contracts/contracts.toml`; edit that file, not this page, and run `make docs`.

An SLO is your own objective; a contract is an agreement that the provider signed. aiprobe evaluates each month by the
contract's own rule, and exports the state in `aiprobe_sla_*`. `aiprobe report --contract NAME --month 2026-10` writes
the evidence.

```yaml
contracts:
  aws-bedrock:                  # a contract that ships with aiprobe
    targets: [bedrock-claude]
    monthly_spend_usd: 12000
```

- **Bounds, not a number.** A minute without a probe is unknown, not up. `bound="low"` counts it as down,
  `bound="high"` as up, and `aiprobe_sla_coverage_ratio` is the measured share. A bad probe that is not an error by
  the text of the contract counts in the low bound only. Example: a timeout, if the contract names only HTTP 500.
- **Credits are estimates**: the credit of this month if no more time is lost.
- **Synthetic probes support a claim** about your own traffic and do not replace it: the provider measures the
  requests of your account.
- **These are facts with a date, not legal advice.** Each contract has a source, the date on which it was read, and
  its verification. Before you use an `unverified` contract, compare it with your agreement and set
  `accept_unverified: true`.

## Methods

| method | uptime is |
|---|---|
"""
_METHODS: Final = {
    Method.OCCURRENCES: "the share of valid requests that were answered",
    Method.TIMESLICE_RUN: "the share of slices outside runs of at least `min_run_slices` slices in a row whose error "
    "ratio is above `error_threshold` (Google: five minutes above 5 %)",
    Method.RATIO_TIMESLICE: "the mean of the slices' availabilities (Bedrock: slices of five minutes)",
    Method.LATENCY_SLICE: "the share of slices whose median tokens per second reaches the target",
}


def render() -> str:
    """Return the text of docs/contracts.md."""
    methods = "".join(f"| `{method.value}` | {text} |\n" for method, text in _METHODS.items())
    shipped = "".join(map(_section, contracts().values()))
    absent = "".join(
        f"- **{one.display_name}** (`{one.name}`): {one.sentence}\n" for one in without_contract().values()
    )
    own = ", ".join(f"`{field.name}`" for field in fields(Contract) if field.name != "name")
    return (
        f"{_INTRODUCTION}{methods}\n## Contracts that ship with aiprobe\n{shipped}\n## Services without a contract\n"
        f"\n{absent}\n"
        f"## A contract of your own\n\nWrite it under `terms:` with these fields: {own}. `display_name`, `provider`, "
        "`method` and `commitment` are needed; ratios are 0-1.\n\n"
        "- `repeat_window_seconds` (`occurrences`): an error is counted, and those within the window after it are "
        "neither attempts nor failures. High bound only; the low bound counts each error.\n"
        "- `min_slice_requests`: the errors of a slice with fewer valid requests count in the low bound only. Probes "
        "are the requests that aiprobe sees.\n"
        "- `clauses`: a table of `commitment`, `measure`, `credits` and `claim` with the clause of the terms that each "
        "comes from; the report names it.\n"
        "- `credit_unit`: `month` (a tier's `credit` is a ratio of the month's bill) or `day` (a multiple of the mean "
        "bill of a day).\n"
    )


def _section(contract: Contract) -> str:
    daily = contract.credit_unit is CreditUnit.DAY
    tiers = (
        ", ".join(
            f"below {tier.below:.2%}: " + (f"{tier.credit:g} days' usage" if daily else f"{tier.credit:.0%}")
            for tier in contract.tiers
        )
        or "not public"
    )
    lines = [
        f"\n### `{contract.name}`: {contract.display_name}\n",
        f"- Promised: {contract.commitment:.2%}, {contract.method.value}, {contract.scope or 'scope unknown'}.",
        *_list("Counted", _counting(contract)),
        f"- Credit: {tiers}" + (f"; at most {contract.cap:.0%}." if contract.cap is not None else "."),
        f"- Month in {contract.timezone}. Source: {_source(contract)}.",
        *_list("Left out", contract.excluded),
        *_list("Read so", contract.assumptions),
        *_list("A claim needs", contract.evidence),
        *_list("Clauses", (f"{number}: {clause}" for number, clause in contract.clauses)),
    ]
    return "\n".join(lines) + "\n"


def _counting(contract: Contract) -> Iterable[str]:
    if contract.repeat_window_seconds:
        yield f"errors repeated within {contract.repeat_window_seconds} s count once in the high bound"
    if contract.min_slice_requests:
        yield f"a slice with fewer than {contract.min_slice_requests} requests loses nothing in the high bound"


def _source(contract: Contract) -> str:
    looked = contract.verified_on or "no day"
    return f"{contract.source_url or 'none'}, looked at on {looked}: {contract.confidence.value}"


def _list(title: str, items: Iterable[str]) -> list[str]:
    told = "; ".join(items)
    return [f"- {title}: {told}."] if told else []
