"""The pages of the simulator, read as those of the providers are, and spoilt by its faults."""

import pytest

from aiprobe.core.state import State
from aiprobe.core.statuspage import PageSnapshot
from aiprobe.statuspages import AUTO
from aiprobe.statuspages.doctor import diagnose
from aiprobe.statuspages.fetch import PageFetcher
from aiprobe.statuspages.poll import PagePoller
from aiprobe.statuspages.specs import ComponentSpec, PageSpec
from aiprobe_simulator import Simulator
from tests.clock import ManualClock
from tests.unit.simulator.pagebuilders import a_world

PLACES = {
    "claude": ("api/v2/summary.json", "Claude API"),
    "groq": ("api/v2/summary.json", "API"),
    "together": ("index.json", "Chat API"),
    "openrouter": ("config.json", "API - Gateway"),
    "replicate": ("api/v3/summary", "Replicate"),
}


def a_poller(sim: Simulator, page: str, fetcher: PageFetcher, clock: ManualClock) -> PagePoller:
    place, name = PLACES[page]
    spec = PageSpec(
        key=page,
        display_name=page,
        provider="acme",
        reader=AUTO,
        url=f"{sim.url}/status/{page}/{place}",
        components=(ComponentSpec(surface="API", names=(name,)),),
    )
    return PagePoller(spec, fetcher=fetcher, clock=clock.clock, listener=lambda _: None)


def seen(poller: PagePoller, snapshot: PageSnapshot, clock: ManualClock) -> PageSnapshot:
    return diagnose({"page": (poller._page, snapshot)}, clock.clock.wall())["page"]


@pytest.mark.parametrize("page", sorted(PLACES))
async def test_every_platform_with_components_is_recognised_and_read(page: str) -> None:
    clock, fetcher = ManualClock(), PageFetcher(timeout_seconds=5.0)
    async with a_world() as sim:
        poller = a_poller(sim, page, fetcher, clock)
        well = await poller.poll()
        sim.declare(page, component=PLACES[page][1], state="major_outage", incident="Errors")
        ill = await poller.poll()
    await fetcher.close()
    assert (well.problems, well.watched[0].component.state) == ((), State.OPERATIONAL)
    assert ill.watched[0].component.state is State.MAJOR_OUTAGE
    assert ill.reading is not None
    (incident,) = [one for one in ill.reading.incidents if one.is_open]
    assert ill.watched[0].component.id in incident.component_ids or page == "groq"


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("not_found_404", "moved"),
        ("redirect_elsewhere", "moved"),
        ("redirect_loop", "moved"),
        ("html_200", "html"),
        ("html_as_data", "html"),
        ("challenge_403", "challenge"),
        ("challenge_405", "challenge"),
        ("component_missing", "lost_component"),
        ("other_shape", "unreadable"),
        ("garbage", "unreadable"),
        ("truncated", "unreadable"),
        ("server_error_500", "unreachable"),
        ("close_before_reply", "unreachable"),
    ],
)
@pytest.mark.parametrize("page", ["claude", "openrouter", "replicate"])
async def test_one_poll_of_a_spoilt_page_shows_its_problem_and_no_state(page: str, fault: str, problem: str) -> None:
    clock, fetcher = ManualClock(), PageFetcher(timeout_seconds=5.0)
    async with a_world() as sim:
        sim.spoil(page, fault=fault)
        poller = a_poller(sim, page, fetcher, clock)
        found = seen(poller, await poller.poll(), clock)
    await fetcher.close()
    assert found.problems == (problem,)
    assert [one.component.state for one in found.watched] == [None]
