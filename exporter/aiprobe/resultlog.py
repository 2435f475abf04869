"""Logs finished probes: an outcome when it changes, all others at the level `debug`."""

import logging
from collections.abc import Mapping

from aiprobe.core.model import Finished, Target
from aiprobe.core.money import other_price
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.core.tracked import Tracked

log = logging.getLogger(__name__)


class ResultLog:
    """Compares each finished probe with the previous one in `tracked`."""

    def __init__(self, tracked: Mapping[str, Tracked]) -> None:
        self._tracked = tracked

    def finished(self, finished: Finished) -> None:
        """Log one finished probe."""
        result = finished.result
        for change in finished.model_changes:
            log.warning("something else answers", extra={"target": finished.target.name, "what": change.what})
        before = self._tracked[finished.target.name].last
        model = result.response_model
        if model and model != finished.target.model and (before is None or before.result.response_model != model):
            _log_other_price(finished.target, model)
        changed = before is None or before.result.outcome is not result.outcome
        level = logging.DEBUG
        if changed and result.outcome is not Outcome.CANCELLED:
            level = logging.INFO if finished.verdict is Verdict.GOOD else logging.WARNING
        if not log.isEnabledFor(level):
            return
        log.log(
            level,
            "probe",
            extra={
                "target": finished.target.name,
                "account": finished.target.provider.key,
                "attempt": finished.attempt.value,
                "outcome": result.outcome.value,
                "verdict": finished.verdict.value,
                "status": result.http_status,
                "duration": f"{result.duration_seconds:.3f}",
                "request_id": result.request_id,
                "detail": result.detail,
            },
        )


def _log_other_price(target: Target, billed_model: str) -> None:
    """Log that the reply is of a model with another price than the one that the cost is computed with."""
    billed = other_price(target, billed_model)
    if billed is not None:
        fields = {"target": target.name, "billed_model": billed_model, "assumed_model": target.model}
        assumed = f"{target.price.input_usd:g}/{target.price.output_usd:g}" if target.price else "none"
        prices = {"billed_usd": f"{billed.input_usd:g}/{billed.output_usd:g}", "assumed_usd": assumed}
        log.warning("the billed model has another price than the one assumed", extra={**fields, **prices})
