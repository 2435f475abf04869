"""What `make release-check` refuses."""

import pytest

from tests.install.image import steps
from tests.install.release import check_version

CHANGES = "# Changes\n\n## 1.3.0 - unreleased\n\n## 1.2.0 - 2026-11-29\n\n## 1.1.0\n"


@pytest.mark.parametrize(("tag", "version"), [("", "1.3.0"), ("", "1.2.0"), ("v1.2.0", "1.2.0")])
def test_a_version_with_its_section_passes(tag: str, version: str) -> None:
    check_version(tag, version, CHANGES)


@pytest.mark.parametrize(
    ("tag", "version", "reason"),
    [
        ("v1.2.1", "1.2.0", "the tag v1.2.1 is not of version 1.2.0"),
        ("1.2.0", "1.2.0", "the tag 1.2.0 is not of version 1.2.0"),
        ("v1.3.0", "1.3.0", "the section of 1.3.0 has no day: unreleased"),
        ("", "1.1.0", "CHANGELOG.md has no section `## 1.1.0 - DAY`"),
        ("", "1.4.0", "CHANGELOG.md has no section `## 1.4.0 - DAY`"),
        ("", "1x2x0", "CHANGELOG.md has no section `## 1x2x0 - DAY`"),
    ],
)
def test_a_version_that_cannot_be_released_is_refused(tag: str, version: str, reason: str) -> None:
    with pytest.raises(AssertionError, match=reason.replace("(", "\\(")):
        check_version(tag, version, CHANGES)


def test_the_first_stage_of_the_image_is_read_whole() -> None:
    words = [word for word, _ in steps()]

    assert words[0] == "FROM"
    assert words.count("FROM") == 1
    assert {"WORKDIR", "COPY", "RUN"} <= set(words)
