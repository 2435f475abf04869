"""Suspects a layer of a provider, from its targets that failed and those that did not.

The result is a suspicion, not a finding. Its reason names the evidence.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from aiprobe.core.kind import AnsweredBy
from aiprobe.core.outcomes import Outcome
from aiprobe.incidents.record import IncidentTarget, Layer

_NETWORK: Final = frozenset({Outcome.DNS, Outcome.CONNECT, Outcome.TLS, Outcome.TIMEOUT_CONNECT})
_MOSTLY: Final = 0.5
_MAX_NAMES: Final = 3


def suspected_layer(targets: Sequence[IncidentTarget], *, siblings: Mapping[str, bool]) -> tuple[Layer, str]:
    """Return the suspected layer and the reason as a clause.

    `siblings` are the API targets of the provider's other surfaces: whether each one failed meanwhile.
    """
    failing = [target for target in targets if target.failing]
    fine = [target for target in targets if not target.failing and target.answered > _MOSTLY * target.asked]
    bad: Counter[str] = Counter()
    for target in failing:
        bad.update(target.bad_outcomes)
    if not bad.total():
        return Layer.UNKNOWN, "no failed probe was counted"
    unreachable = sum(count for outcome, count in bad.items() if outcome in _NETWORK)
    if unreachable > _MOSTLY * bad.total():
        return Layer.NETWORK_EDGE, f"{unreachable} of {bad.total()} failures came before a request could be sent"
    if all(target.answered_by is AnsweredBy.WEB_PAGE for target in failing):
        return _of_web_targets(fine, siblings)
    return _of_api_targets(failing, fine)


def _of_web_targets(fine: Sequence[IncidentTarget], siblings: Mapping[str, bool]) -> tuple[Layer, str]:
    api_is_fine = any(target.answered_by is not AnsweredBy.WEB_PAGE for target in fine) or not all(siblings.values())
    if api_is_fine:
        return Layer.WEB_FRONT_END, "web pages fail while the API answers"
    if siblings:
        return Layer.GATEWAY_OR_EDGE, "web pages and every API target of the provider fail together"
    return Layer.WEB_FRONT_END, "web pages fail, and nothing else of the provider is probed"


def _of_api_targets(failing: Sequence[IncidentTarget], fine: Sequence[IncidentTarget]) -> tuple[Layer, str]:
    lists_fail = any(target.answered_by is AnsweredBy.LIST_OF_MODELS for target in failing)
    lists_fine = any(target.answered_by is AnsweredBy.LIST_OF_MODELS for target in fine)
    asking = [target for target in failing if target.answered_by is AnsweredBy.MODEL]
    answering = [target for target in fine if target.answered_by is AnsweredBy.MODEL]
    if lists_fail:
        if asking or not answering:
            both = "the list of models and the calls to models fail" if asking else "the list of models fails"
            return Layer.GATEWAY_OR_EDGE, both
        return Layer.GATEWAY_OR_EDGE, "the list of models fails while models answer"
    if asking and all(target.long_prompt for target in asking):
        short = {target.model for target in answering if not target.long_prompt}
        if short.intersection(target.model for target in asking):
            return Layer.CONTEXT_HANDLING, "only long prompts fail; short ones to the same model are answered"
    models = {target.model for target in asking}
    others = {target.model for target in answering} - models
    if models and others:
        return Layer.MODEL, f"calls to {_names(models)} fail while calls to {_names(others)} are answered"
    if asking and lists_fine:
        return Layer.INFERENCE, "the list of models is served while calls to models fail"
    return Layer.UNKNOWN, "no other probe distinguishes the gateway from inference"


def _names(models: set[str]) -> str:
    names = sorted(model or "a model without a name" for model in models)
    if len(names) > _MAX_NAMES:
        names = [*names[:_MAX_NAMES], f"{len(names) - _MAX_NAMES} more"]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
