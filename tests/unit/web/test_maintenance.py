import json
from pathlib import Path

import pytest

from tests.unit.web.builders import FakeControl, Shown, a_server, a_target
from tests.unit.web.test_security import HASH, a_web_config, basic

PATH = "/api/v1/maintenance"


async def test_a_maintenance_begins_is_listed_and_ends() -> None:
    control = FakeControl()
    async with a_server(control=control) as world:
        begun = json.loads((await world.post(f"{PATH}?target=haiku-chat&provider=anthropic&minutes=90")).text)
        listed = json.loads((await world.get(PATH)).text)["maintenance"]
        ended = await world.post(f"{PATH}?end={begun['id']}")
        again = await world.post(f"{PATH}?end={begun['id']}")
        empty = json.loads((await world.get(PATH)).text)["maintenance"]
    assert begun["end_timestamp_seconds"] - begun["start_timestamp_seconds"] == 5400
    assert (begun["targets"], begun["providers"], begun["kept"]) == (["haiku-chat"], ["anthropic"], True)
    assert [{**one, "kept": True} for one in listed] == [begun]
    assert (ended.status, again.status, empty) == (200, 404, [])
    assert control.saved == 2


async def test_everything_is_in_maintenance_only_when_that_is_asked_for_in_words() -> None:
    async with a_server() as world:
        begun = json.loads((await world.post(f"{PATH}?all=true&minutes=5")).text)
    assert (begun["targets"], begun["providers"]) == ([], [])


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("minutes=5", 400),
        ("all=true", 400),
        ("all=yes&minutes=5", 400),
        ("all=true&target=haiku-chat&minutes=5", 400),
        ("target=haiku-chat&minutes=0", 400),
        ("target=haiku-chat&minutes=-5", 400),
        ("target=haiku-chat&minutes=10081", 400),
        ("target=haiku-chat&minutes=1.5", 400),
        ("target=haiku-chat&minutes=٣", 400),
        ("target=haiku-chat&minutes=5&minutes=6", 400),
        ("target=haiku-chat&minutes=999999999999", 400),
        ("target=haiku-chat&minutes=5&until=6", 400),
        ("end=x&minutes=5", 400),
        ("target=nobody&minutes=5", 404),
        ("provider=nobody&minutes=5", 404),
        ("target=haiku-chat&target=nobody&minutes=5", 404),
        ("end=nothing", 404),
        ("end=", 404),
    ],
)
async def test_what_cannot_be_understood_begins_nothing(query: str, status: int) -> None:
    shown = Shown(rows=[a_target()])
    async with a_server(shown=shown) as world:
        assert (await world.post(f"{PATH}?{query}")).status == status
    assert shown.maintenance.windows == []


async def test_too_many_are_refused_and_so_is_an_exporter_that_starts() -> None:
    async with a_server() as world:
        statuses = [(await world.post(f"{PATH}?all=true&minutes=5")).status for _ in range(4)]
    assert statuses == [200, 200, 200, 409]
    async with a_server(control=FakeControl(not_ready="starting")) as world:
        assert (await world.post(f"{PATH}?all=true&minutes=5")).status == 503


async def test_only_who_may_change_something_begins_a_maintenance(tmp_path: Path) -> None:
    begin = f"{PATH}?all=true&minutes=5"
    async with a_server() as world:
        assert (await world.post(begin, headers={"Origin": "https://evil.example"})).status == 403
        assert (await world.post(begin, headers={"Sec-Fetch-Site": "cross-site"})).status == 403
        assert (await world.post(begin, headers={"X-Forwarded-For": "203.0.113.7"})).status == 403
        assert (await world.get(begin)).status == 200
        assert world.shown.maintenance.windows == []
    file = a_web_config(tmp_path, f"basic_auth_users:\n  alice: {HASH}\n")
    async with a_server(config_file=file) as world:
        assert (await world.post(begin)).status == 401
        assert (await world.get(PATH)).status == 401
        assert (await world.post(begin, headers=basic("alice", "opensesame"))).status == 200
