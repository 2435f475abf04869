"""Secret files, what a header can carry, and how texts lose secrets."""

from pathlib import Path

import pytest

from aiprobe.config.resolve.secrets import (
    SecretError,
    check_sendable,
    is_sensitive_header,
    read_secret_file,
)


def test_a_secret_file_is_read_without_the_white_space_around_it(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n  sk-planted \r\n")

    assert read_secret_file(tmp_path / "key") == "sk-planted"


def test_a_secret_file_may_be_a_link_as_in_kubernetes(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "key").write_text("sk-planted")
    (tmp_path / "key").symlink_to("..data/key")

    assert read_secret_file(tmp_path / "key") == "sk-planted"


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "is empty"), (b" \n", "is empty"), (b"\xff\xfe", "is not text"), (b"x" * 65_537, "is longer than 64 KiB")],
)
def test_a_secret_file_that_cannot_be_a_secret_is_refused(content: bytes, problem: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(content)

    with pytest.raises(SecretError, match=problem):
        read_secret_file(tmp_path / "key")


def test_a_secret_file_that_is_not_there_a_directory_or_no_path_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path, Path("a\0b")):
        with pytest.raises(SecretError, match="cannot be read"):
            read_secret_file(path)


@pytest.mark.parametrize("value", ["sk-1", "a b", "~!@#$%^&*()"])
def test_printable_ascii_can_be_sent(value: str) -> None:
    check_sendable(value)


@pytest.mark.parametrize("value", ["", " a", "a ", "a\nb", "a\r", "a\0", "ключ", "a\tb", "a\x7f"])
def test_what_a_header_cannot_carry_is_refused_without_being_quoted(value: str) -> None:
    with pytest.raises(SecretError) as caught:
        check_sendable(value)

    assert len(value.strip()) < 2 or value not in str(caught.value)


@pytest.mark.parametrize("name", ["Authorization", "X-Api-Key", "cookie", "x-goog-api-key", "Proxy-Authorization"])
def test_some_header_names_give_their_values_away_as_secrets(name: str) -> None:
    assert is_sensitive_header(name)
    assert not is_sensitive_header("x-team")
