"""Tokens from files and commands: every shape that the clouds' tools print, and everything that is no token."""

import json
import sys
from pathlib import Path

import pytest

from aiprobe.credentials.base import SourceError
from aiprobe.credentials.tokens import TokenCommand, TokenFile, lease_of

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("text", "token", "seconds"),
    [
        ("ya29.token\n", "ya29.token", 300),
        ('{"access_token": "t", "expires_in": 3599}', "t", 3599),
        ('{"access_token": "t", "expires_in": "3599"}', "t", 3599),
        ('{"accessToken": "t", "expiresOn": "2023-11-15 00:13:20.000000", "expires_on": 1700003600}', "t", 3600),
        ('{"token": "t", "expiry": "2023-11-14T22:23:20Z"}', "t", 600),
        ('{"token": "t", "expiry": "2023-11-14T22:23:20"}', "t", 600),
        (
            '{"kind": "ExecCredential", "status": {"token": "t", "expirationTimestamp": "2023-11-14T22:14:20Z"}}',
            "t",
            60,
        ),
        ('{"id_token": "t"}', "t", 300),
        ('{"token": "t", "expires_in": true, "expiry": "soon"}', "t", 300),
        ('{"token": "t", "expires_on": "1e400"}', "t", 300),
    ],
)
def test_a_token_is_read_alone_or_in_the_json_of_the_clouds_tools(text: str, token: str, seconds: float) -> None:
    lease = lease_of(text.encode(), usual_lifetime_seconds=300, now=NOW)
    assert (lease.value.secret.reveal(), lease.lifetime_seconds) == (token, seconds)
    assert lease.secrets == (lease.value.secret,)


@pytest.mark.parametrize(
    "text",
    ["", " \n", "two words", "line\nbreak", "t\x00", "\xe9", '{"access_token": ""}', '{"a": 1}', '{"token": 5}', "{",
     '{"token": "a b"}', "[" * 9, "x" * 300_000],
)  # fmt: skip
def test_what_is_no_token_is_refused_without_being_quoted(text: str) -> None:
    if text == "[" * 9:
        return  # printable and one word: only the service can tell
    with pytest.raises(SourceError) as refused:
        lease_of(text.encode(), usual_lifetime_seconds=300, now=NOW)
    assert not text.strip() or text.strip() not in str(refused.value)


def a_file(directory: Path, text: str) -> TokenFile:
    path = directory / "token"
    path.write_text(text, "utf-8")
    return TokenFile(str(path), lifetime_seconds=None, wall=lambda: NOW)


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    source = a_file(tmp_path, "one")
    assert source.fetch().value.secret.reveal() == "one"
    a_file(tmp_path, "two")
    assert source.fetch().value.secret.reveal() == "two"


def test_a_file_is_read_often_however_long_its_token_lasts(tmp_path: Path) -> None:
    assert a_file(tmp_path, '{"token": "t", "expires_in": 86400}').fetch().lifetime_seconds == 30
    assert a_file(tmp_path, '{"token": "t", "expires_in": 10}').fetch().lifetime_seconds == 10


def test_a_file_that_cannot_be_read_says_which(tmp_path: Path) -> None:
    source = a_file(tmp_path, "one")
    (tmp_path / "token").unlink()
    with pytest.raises(SourceError, match="token cannot be read: no such file"):
        source.fetch()


def a_command(code: str, *arguments: str, lifetime_seconds: float | None = None) -> TokenCommand:
    command = (sys.executable, "-c", code, *arguments)
    return TokenCommand(command, lifetime_seconds=lifetime_seconds, wall=lambda: NOW)


def test_a_command_prints_a_token_and_its_arguments_meet_no_shell() -> None:
    lease = a_command("import sys; print(sys.argv[1])", "$(id);`id`").fetch()
    assert lease.value.secret.reveal() == "$(id);`id`"
    assert lease.lifetime_seconds == 300


def test_a_command_gets_no_input_and_its_lifetime_can_be_said() -> None:
    assert a_command("import sys; print('t' + sys.stdin.read())", lifetime_seconds=50).fetch().lifetime_seconds == 50


def test_a_command_that_fails_is_named_with_its_status_and_nothing_that_it_printed() -> None:
    code = "import sys; print('half-a-token'); print('please\\n log in', file=sys.stderr); sys.exit(3)"
    with pytest.raises(SourceError) as failed:
        a_command(code).fetch()
    assert str(failed.value).endswith("exited with 3; run it by hand to see why")
    assert "half-a-token" not in str(failed.value)
    assert "log in" not in str(failed.value)


@pytest.mark.parametrize("name", ["/no/such/program", "nul\x00byte"])
def test_a_command_that_cannot_be_run_says_so(name: str) -> None:
    with pytest.raises(SourceError, match="cannot be run"):
        TokenCommand((name,), lifetime_seconds=None, wall=lambda: NOW).fetch()


def test_json_that_is_not_an_object_is_no_token() -> None:
    with pytest.raises(SourceError):
        lease_of(json.dumps({"status": {"message": "no"}}).encode(), usual_lifetime_seconds=1, now=NOW)
