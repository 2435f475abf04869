"""Probes on request, for `/probe`: one result per interval, which all requests share."""

import asyncio
from collections.abc import Mapping

from aiprobe.attempt import Skipped
from aiprobe.core.model import Finished
from aiprobe.core.tracked import Tracked
from aiprobe.schedule import Scheduler
from aiprobe.web.ports import ProbeAnswer, result_row


class OnDemand:
    """Answers `/probe`. Owns the running probes, which can outlast their request."""

    def __init__(self, scheduler: Scheduler, tracked: Mapping[str, Tracked]) -> None:
        self._scheduler = scheduler
        self._tracked = tracked
        self._asked: set[asyncio.Task[Finished | Skipped]] = set()

    async def probe(self, name: str, *, within_seconds: float | None = None) -> ProbeAnswer:
        """Probe a target now, or return the result of this interval. Raises KeyError for an unknown target.

        If the probe takes longer than `within_seconds`, return the previous result; the probe continues.
        """
        before = self._tracked[name].last
        asked = asyncio.create_task(self._scheduler.probe_now(name), name=f"asked-{name}")
        self._asked.add(asked)
        asked.add_done_callback(self._asked.discard)
        done, _ = await asyncio.wait({asked}, timeout=within_seconds)
        if not done:
            return ProbeAnswer(result=None if before is None else result_row(before), skipped="still under way")
        answer = asked.result()
        if isinstance(answer, Skipped):
            return ProbeAnswer(result=None if before is None else result_row(before), skipped=answer.reason)
        debug = {"answer": answer.result.answer or "", "remote_address": answer.result.remote_address or ""}
        return ProbeAnswer(result=result_row(answer), shared=answer is before, debug=debug)

    def close(self) -> None:
        """Cancel the running probes."""
        for task in self._asked:
            task.cancel()
