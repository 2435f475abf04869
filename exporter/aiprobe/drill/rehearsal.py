"""An outage of the drill's provider, followed from the scrape to the end of its page."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from aiprobe.core.clock import Clock
from aiprobe.drill.asking import Api, NotAnsweredError
from aiprobe.drill.hook import Hook
from aiprobe.drill.looks import down
from aiprobe.drill.preparation import SLACK_SECONDS, Times
from aiprobe.drill.routing import routes
from aiprobe.drill.samples import DRILL, model_down, provider_down
from aiprobe.drill.step import Config, Fault, Labels, Step, duration, some

TARGETS: Final = 3
"""One that fails alone is no outage of the provider, for which half of its targets and two have to fail."""
_POLL_SECONDS: Final = 0.5
_SILENCE_SECONDS: Final = 120.0
"""If this process is killed, its silence ends automatically after this time."""
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a rehearsal asks and breaks. `break_model` breaks a model of the simulator (`*`: all); `heal` ends that."""

    prometheus: Api
    alertmanager: Api
    routing: Config
    """The configuration of Alertmanager."""
    times: Times
    hook: Hook
    break_model: Callable[[str], object]
    heal: Callable[[], None]
    clock: Clock

    async def steps(self) -> AsyncGenerator[Step, None]:
        """Rehearse; yield each step when it has ended. A failed step ends the rehearsal if the next ones need it."""
        try:
            acts = (self._scraped, self._model, self._arrived, self._page, self._silence, self._provider, self._end)
            for act in acts:
                try:
                    name, fault = await act()
                except NotAnsweredError as error:
                    name, fault = "Both servers answer", error.fault
                yield Step(name, () if fault is None else (fault,))
                if fault is not None and act != self._silence:
                    return
        finally:
            self.heal()

    async def _scraped(self) -> tuple[str, Fault | None]:
        name = "Prometheus scrapes the drill, and the rules have it"
        query = f'count(aiprobe:state:vantage{{provider="{DRILL}",vantage="{DRILL}"}} == 0) == {TARGETS}'
        found = await self._until(lambda: self._query(query), self.times.seen + self.times.interval)
        if found:
            return name, None
        targets = await self.prometheus.json("/api/v1/targets", state="active")
        own = [each for each in targets["activeTargets"] if each["labels"].get("job") == DRILL]
        why = next(down(own), None)
        return name, why or Fault(
            f"the {TARGETS} targets of the drill are not in aiprobe:state:vantage",
            "check that the job scrapes the address of --listen, and read the earlier steps about labels and rules",
        )

    async def _model(self) -> tuple[str, Fault | None]:
        self.break_model(model_down()["model"])
        return await self._fires(model_down())

    async def _fires(self, alert: Labels) -> tuple[str, Fault | None]:
        what, limit = alert["alertname"], self.times.fires
        found = await self._until(lambda: self._firing(alert), limit)
        late = Fault(
            f"{what} does not fire in {duration(round(limit))}",
            "read the earlier steps about rules and intervals; `for` of the rule delays it",
        )
        return f"{what} fires in time", None if found else late

    async def _arrived(self) -> tuple[str, Fault | None]:
        name, alert = "AIModelDown arrives in Alertmanager and takes its routes", model_down()
        found = await self._until(lambda: self._arrival(alert), SLACK_SECONDS + 2 * self.times.evaluation)
        if not found:
            return name, Fault("it is not in Alertmanager", "read the log of Prometheus: it has the errors of sending")
        wanted = sorted(route.receiver for route in routes(self.routing, found["labels"]))
        reached = sorted(each["name"] for each in found["receivers"])
        if wanted != reached:
            return name, Fault(f"it reaches {some(reached)}, not {some(wanted)}", "reload Alertmanager, and try again")
        if by := found["status"]["silencedBy"]:
            return name, Fault(f"the silence {some(by)} mutes it", f"run `amtool silence expire {by[0]}`")
        return name, None

    async def _page(self) -> tuple[str, Fault | None]:
        before = await self._undelivered()
        limit = self.times.wait + self.times.evaluation + SLACK_SECONDS
        if await self._until(lambda: self._message("firing", "AIModelDown"), limit):
            return "The page arrives at the web hook", None
        if await self._undelivered() > before:
            fault = Fault(
                f"Alertmanager cannot deliver to the web hook of {DRILL}",
                "correct its url: it is the address of --hook, as Alertmanager reaches it",
            )
        else:
            fault = Fault(
                f"nothing arrives at the web hook in {duration(round(limit))}",
                f"check the url of the receiver {DRILL}, and the log of Alertmanager",
            )
        return "The page arrives at the web hook", fault

    async def _silence(self) -> tuple[str, Fault | None]:
        name, alert, now = "A silence silences", model_down(), datetime.now(UTC)
        body = {
            "matchers": [{"name": "provider", "value": DRILL, "isRegex": False, "isEqual": True}],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(seconds=_SILENCE_SECONDS)).isoformat(),
            "createdBy": DRILL,
            "comment": "aiprobe drill: checks that a silence works",
        }
        # Without the shield an interrupt could leave a silence without its id.
        making = asyncio.ensure_future(self.alertmanager.json("/api/v2/silences", method="POST", body=body))
        try:
            number = (await asyncio.shield(making))["silenceID"]
            found = await self._until(lambda: self._arrival(alert, silenced_by=number), SLACK_SECONDS)
        except NotAnsweredError as error:
            return name, Fault(error.fault.problem, "allow POST to /api/v2/silences, by which people silence a page")
        finally:
            with suppress(NotAnsweredError):
                await self.alertmanager.text(f"/api/v2/silence/{(await making)['silenceID']}", method="DELETE")
        return name, None if found else Fault(
            "the silence does not apply to AIModelDown", "read the log of Alertmanager"
        )

    async def _provider(self) -> tuple[str, Fault | None]:
        self.break_model("*")
        name, fault = await self._fires(provider_down())
        if fault is not None:
            return name, fault
        limit = self.times.group + 2 * self.times.evaluation + SLACK_SECONDS
        if not await self._until(lambda: self._arrival(model_down(), inhibited=True), limit):
            mend = "copy inhibit_rules from the alertmanager.yml that `aiprobe export rules` writes"
            return name, Fault("AIProviderDown does not inhibit AIModelDown", mend)
        if not await self._until(lambda: self._message("firing", "AIProviderDown"), limit):
            return name, Fault("the escalation does not arrive at the web hook", "set group_interval: 1m")
        return "AIProviderDown fires in time, updates the page and inhibits AIModelDown", None

    async def _end(self) -> tuple[str, Fault | None]:
        name = "The page ends, and was one page"
        self.heal()
        if not await self._until(lambda: self._message("resolved"), self.times.ends):
            problem = f"no end arrives in {duration(round(self.times.ends))}"
            return name, Fault(problem, f"set send_resolved: true in the web hook of {DRILL}")
        pages = {message.group for message in self.hook.messages}
        ends = sum(message.status == "resolved" for message in self.hook.messages)
        if len(pages) == ends == 1:
            return name, None
        return name, Fault(f"there were {len(pages)} pages and {ends} ends", "set group_by: [provider]")

    async def _query(self, query: str) -> bool:
        return bool((await self.prometheus.json("/api/v1/query", query=query))["result"])

    async def _firing(self, alert: Labels) -> bool:
        alerts = (await self.prometheus.json("/api/v1/alerts"))["alerts"]
        return any(each["state"] == "firing" and alert.items() <= each["labels"].items() for each in alerts)

    async def _arrival(self, alert: Labels, *, inhibited: bool = False, silenced_by: str = "") -> Config | None:
        for each in await self.alertmanager.json("/api/v2/alerts", filter=f'provider="{DRILL}"'):
            status = each["status"]
            fits = alert.items() <= each["labels"].items() and bool(status["inhibitedBy"]) == inhibited
            if fits and (not silenced_by or silenced_by in status["silencedBy"]):
                return dict(each)
        return None

    async def _message(self, status: str, alert: str = "") -> bool:
        return any(each.status == status and (not alert or alert in each.firing) for each in self.hook.messages)

    async def _undelivered(self) -> float:
        """Return how many notifications of web hooks failed; 0 where Alertmanager hides its metrics."""
        try:
            metrics = await self.alertmanager.text("/metrics")
        except NotAnsweredError:
            return 0.0
        lines = [
            line for line in metrics.splitlines() if line.startswith("alertmanager_notification_requests_failed_total")
        ]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if 'integration="webhook"' in line)

    async def _until(self, check: Callable[[], Awaitable[Found]], seconds: float) -> Found | None:
        """Return the first true value of a check, or None after a time; an API that does not answer is asked again."""
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            try:
                if found := await check():
                    return found
            except NotAnsweredError:
                pass
            await self.clock.sleep(_POLL_SECONDS)
        return None
