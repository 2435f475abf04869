"""When something else answers behind a name: an unseen value in three replies, while no known one came."""

import pytest

from aiprobe.core.identity import Identity, call_format
from aiprobe.core.model import ModelChange
from tests.builders import a_result


def changes(*models: str) -> list[tuple[int, str, str]]:
    """Return (place of the reply, before, after) of each change."""
    identity = Identity()
    found = [(at, identity.take(a_result(response_model=model))) for at, model in enumerate(models)]
    return [(at, change.before, change.after) for at, told in found for change in told]


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ("AAAA", []),
        ("ABBB", [(3, "A", "B")]),
        ("AABABB", []),
        ("ABBAB", []),
        ("ABBBAAA", [(3, "A", "B")]),
        ("ABABABABBBB", [(9, "A", "B")]),
        ("ABBBABBBBAAAA", [(3, "A", "B")]),
        ("ACDCDC", [(5, "A", "C")]),
        ("ACDCDCDDDD", [(5, "A", "C")]),
        ("ABBBCCC", [(3, "A", "B"), (6, "B", "C")]),
        ("A" + "BCDEFGHIJK" * 3, []),
    ],
)
def test_a_change_is_an_unseen_value_in_three_replies_without_a_known_one(
    models: str, expected: list[tuple[int, str, str]]
) -> None:
    assert changes(*models) == expected


def test_a_fleet_that_flaps_between_two_builds_is_at_most_one_change() -> None:
    assert len(changes(*("A" * 5 + "B" * 3 + "ABBAABBBAAAB" * 20))) <= 1


def test_each_property_changes_by_itself_and_an_absent_one_says_nothing() -> None:
    identity = Identity()
    before = a_result(response_model="m", system_fingerprint="fp_1", call_id="call_abcdefgh")
    after = a_result(response_model="m", system_fingerprint="fp_2", call_id="toolu_abcdefgh")
    assert [identity.take(each) for each in (before, a_result(), after, after)] == [(), (), (), ()]
    assert identity.take(after) == (
        ModelChange(what="fingerprint", before="fp_1", after="fp_2"),
        ModelChange(what="call_format", before="call_*13", after="toolu_*14"),
    )


@pytest.mark.parametrize(
    ("call_id", "form"),
    [
        ("call_9aXb", "call_*9"),
        ("chatcmpl-tool-1f", "chatcmpl-tool-*16"),
        ("1f3a-77", "*7"),
        ("", "*0"),
    ],
)
def test_the_form_of_an_id_is_its_words_and_its_length(call_id: str, form: str) -> None:
    assert call_format(call_id) == form
