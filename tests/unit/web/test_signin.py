import asyncio
import base64
import threading

import bcrypt
import pytest

from aiprobe.web import signin
from aiprobe.web.signin import SignIn, TooBusyError


def a_hash(password: bytes, prefix: bytes = b"2b") -> bytes:
    return bcrypt.hashpw(password, bcrypt.gensalt(4)).replace(b"$2b$", b"$" + prefix + b"$")


def header(name: str, password: bytes) -> str:
    return "Basic " + base64.b64encode(name.encode() + b":" + password).decode()


class CountedCheck:
    """Stands in for bcrypt and counts; an event holds its threads back when a test wants them to wait."""

    def __init__(self) -> None:
        self.hashes: list[bytes] = []
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self, password: bytes, hashed: bytes) -> bool:
        self.hashes.append(hashed)
        self.may_end.wait(30)
        return hashed == b"$2b$04$" + password


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> CountedCheck:
    check = CountedCheck()
    monkeypatch.setattr(signin, "_check", check)  # the outside library, replaced to count what it is asked
    return check


@pytest.mark.parametrize("prefix", [b"2a", b"2b", b"2y"])
async def test_hashes_of_every_common_tool_are_understood(prefix: bytes) -> None:
    users = {"alice": a_hash(b"opensesame", prefix)}
    assert await SignIn().allows(header("alice", b"opensesame"), users)
    assert not await SignIn().allows(header("alice", b"opensesame!"), users)


@pytest.mark.parametrize("password", [b"", b"p:w", "pässwörd".encode(), b"x" * 72])
async def test_a_password_may_be_any_bytes(password: bytes) -> None:
    users = {"alice": a_hash(password)}
    assert await SignIn().allows(header("alice", password), users)
    assert not await SignIn().allows(header("alice", b"y" + password), users)


async def test_a_password_beyond_what_bcrypt_reads_is_cut_as_htpasswd_cuts_it() -> None:
    users = {"alice": a_hash(b"x" * 72)}
    assert await SignIn().allows(header("alice", b"x" * 500), users)


async def test_nobody_is_let_in_where_there_are_no_users() -> None:
    assert not await SignIn().allows(header("alice", b"x"), {})


async def test_a_scraper_that_comes_back_costs_one_hash(counted: CountedCheck) -> None:
    door, users = SignIn(), {"alice": b"$2b$04$right"}
    for _ in range(5):
        assert await door.allows(header("alice", b"right"), users)
    assert len(counted.hashes) == 1


async def test_a_wrong_password_is_computed_each_time_and_never_remembered(counted: CountedCheck) -> None:
    door, users = SignIn(), {"alice": b"$2b$04$right"}
    for _ in range(3):
        assert not await door.allows(header("alice", b"wrong"), users)
    assert len(counted.hashes) == 3


async def test_a_changed_hash_forgets_the_old_password(counted: CountedCheck) -> None:
    door = SignIn()
    assert await door.allows(header("alice", b"right"), {"alice": b"$2b$04$right"})
    assert not await door.allows(header("alice", b"right"), {"alice": b"$2b$04$other"})


async def test_one_users_remembered_password_is_not_anothers(counted: CountedCheck) -> None:
    door = SignIn()
    users = {"alice": b"$2b$04$right", "bob": b"$2b$04$other"}
    assert await door.allows(header("alice", b"right"), users)
    assert not await door.allows(header("bob", b"right"), users)


async def test_an_unknown_user_costs_as_much_as_the_costliest_known_one(counted: CountedCheck) -> None:
    users = {"alice": b"$2b$04$right", "bob": b"$2b$11$right"}
    assert not await SignIn().allows(header("mallory", b"right"), users)
    (stand_in,) = counted.hashes
    assert stand_in.startswith(b"$2b$11$")
    assert len(stand_in) == 60


async def test_an_unknown_user_is_refused_even_if_the_stand_in_hash_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signin, "_check", lambda password, hashed: True)
    door, users = SignIn(), {"alice": b"$2b$04$right"}
    assert not await door.allows(header("mallory", b"x"), users)
    assert not await door.allows(header("mallory", b"x"), users)


async def test_what_is_remembered_is_bounded_and_the_oldest_goes_first(counted: CountedCheck) -> None:
    door = SignIn()
    users = {f"u{number}": b"$2b$04$right" for number in range(signin.MAX_REMEMBERED + 1)}
    for name in users:
        assert await door.allows(header(name, b"right"), users)
    await door.allows(header(f"u{signin.MAX_REMEMBERED}", b"right"), users)
    assert len(counted.hashes) == len(users)
    await door.allows(header("u0", b"right"), users)
    assert len(counted.hashes) == len(users) + 1


async def test_guessing_holds_up_no_scraper_that_signed_in_before(counted: CountedCheck) -> None:
    door, users = SignIn(), {"alice": b"$2b$04$right"}
    assert await door.allows(header("alice", b"right"), users)
    counted.may_end.clear()
    guesses = [asyncio.create_task(door.allows(header("alice", b"guess"), users)) for _ in range(200)]
    await asyncio.sleep(0)
    assert await door.allows(header("alice", b"right"), users)
    counted.may_end.set()
    assert not any(await asyncio.gather(*guesses))


@pytest.mark.parametrize(
    ("name", "remote", "most"),
    [("bob", "10.0.0.1", 3), ("alice", "10.0.0.2", 3), ("alice", "10.0.0.1", 52)],
    ids=["another user", "another address", "the same user and address"],
)
async def test_fifty_guessers_lock_out_nobody_who_has_not_signed_in_yet(
    counted: CountedCheck, name: str, remote: str, most: int
) -> None:
    door, users = SignIn(), {"alice": b"$2b$04$right", "bob": b"$2b$04$right"}

    async def guess() -> None:
        while True:
            assert not await door.allows(header("alice", b"guess"), users, remote="10.0.0.1")

    guessers = [asyncio.create_task(guess()) for _ in range(50)]
    while len(counted.hashes) < 60:
        await asyncio.sleep(0)
    before = len(counted.hashes)
    assert await door.allows(header(name, b"right"), users, remote=remote)
    assert len(counted.hashes) - before <= most
    for guesser in guessers:
        guesser.cancel()
    await asyncio.gather(*guessers, return_exceptions=True)
    assert not await door.allows(header("alice", b"guess"), users, remote="10.0.0.1")  # the line goes on


async def test_a_sign_in_that_gets_no_turn_in_time_is_told_so_and_leaves_the_line(counted: CountedCheck) -> None:
    door, users = SignIn(wait_seconds=0.01), {"alice": b"$2b$04$right"}
    counted.may_end.clear()
    first = asyncio.create_task(door.allows(header("alice", b"guess"), users))
    await asyncio.sleep(0)
    with pytest.raises(TooBusyError):
        await door.allows(header("alice", b"right"), users)
    counted.may_end.set()
    assert not await first
    assert await door.allows(header("alice", b"right"), users)


@pytest.mark.parametrize("cost", [4, 5, 8, 10])
async def test_every_user_and_every_unknown_one_takes_as_much_work(counted: CountedCheck, cost: int) -> None:
    users = {"alice": f"$2b${cost:02}$right".encode(), "bob": b"$2b$10$right"}
    work = []
    for name in ("alice", "bob", "mallory"):
        counted.hashes.clear()
        assert not await SignIn().allows(header(name, b"wrong"), users)
        work.append(sum(2 ** int(hashed.split(b"$")[2]) for hashed in counted.hashes))
    assert work == [2**10] * 3
