"""Changes of a page: the lines that came and the lines that went."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.text.changes import Changes, changes

LINES = st.lists(st.sampled_from(["a", "b", "c", "d", ""]), max_size=12)


def test_added_and_removed_lines_stand_in_the_order_of_their_page() -> None:
    """A difference is read from top to bottom."""
    before, after = ["Title", "Old", "End"], ["Title", "New", "More", "End"]
    assert changes(before, after, before, after) == Changes(added=("New", "More"), removed=("Old",), kept=2)


def test_a_line_that_moved_has_not_changed() -> None:
    """Many pages sort anew at every visit."""
    assert not changes(["a", "b", "c"], ["c", "a", "b"], ["a", "b", "c"], ["c", "a", "b"])


@settings(max_examples=200, deadline=None)
@given(before=LINES, after=LINES)
def test_the_changes_lead_from_one_page_to_the_other(before: list[str], after: list[str]) -> None:
    """Nothing that counts is lost and nothing is invented, however often a line occurs."""
    found = changes(before, after, before, after)
    rest = [line for line in before if line]
    for line in found.removed:
        rest.remove(line)
    assert len(rest) == found.kept
    assert sorted([*rest, *found.added]) == sorted(filter(None, after))
