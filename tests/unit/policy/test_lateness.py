"""Old dates against what polls have seen: which is believed, and in both directions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.model.entries import Entry, EntryKey, KeyKind, trace
from tocsin.policy.polling.findings import is_late, redate, shown

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def _entry(name: str, *, age: timedelta = timedelta(0), **keys: str) -> Entry:
    """An entry known by *keys*, else by its name; a name in capitals is three days old."""
    known = tuple(EntryKey(kind=KeyKind(kind), value=f"{value:>08}") for kind, value in (keys or {"id": name}).items())
    age = 3 * DAY if name.isupper() else age
    return Entry(source="wire", id=name, keys=known, title=name, first_seen=NOON, published=NOON - age)


def _traces(*entries: Entry) -> list[str]:
    return [trace(entry.keys) for entry in entries]


def _news(before: str, after: str, *, last_success: datetime = NOON - HOUR) -> str:
    """Names of those entries of the document *after* that are news although they are old, a letter each."""
    document = [_entry(name) for name in after]
    new = [entry for entry in document if entry.id not in before]
    said = redate(new, _traces(*document), shown(_traces(*map(_entry, before))), last_success)
    assert [entry.id for entry in said] == [entry.id for entry in new]
    return "".join(entry.id for entry in said if entry.published is None)


@pytest.mark.parametrize(
    ("before", "after", "news"),
    [
        pytest.param("abc", "Nabc", "N", id="put in at the top"),
        pytest.param("abc", "Nab", "N", id="a full document lets its last go"),
        pytest.param("abcd", "Nxya", "N", id="and many of its last"),
        pytest.param("abc", "aNbc", "N", id="put in at the place of its date"),
        pytest.param("abc", "pNabc", "N", id="together with news of today"),
        pytest.param("abc", "NMOabc", "NMO", id="three at once"),
        pytest.param("abc", "abcN", "", id="put in at the end"),
        pytest.param("abc", "acN", "", id="one was taken out, an older one follows"),
        pytest.param("abc", "Nbc", "", id="the first was taken out"),
        pytest.param("abc", "aNc", "", id="in the place of another"),
        pytest.param("abcd", "acNd", "", id="one above was taken out"),
        pytest.param("abcd", "abNd", "", id="above one that is always last, when one was taken out"),
        pytest.param("abc", "NMOPabc", "", id="four at once"),
        pytest.param("abc", "NMO", "", id="another document"),
        pytest.param("", "Nabc", "", id="after a document of which nothing is known"),
        pytest.param("abc", "cNab", "N", id="in another order"),
    ],
)
def test_the_place_of_an_old_entry_says_whether_it_is_news(before: str, after: str, news: str) -> None:
    """A page keeps the date of its draft; and a feed that lost an item shows an older one at its end."""
    assert _news(before, after) == news


def test_a_date_after_the_last_poll_is_believed() -> None:
    """What came while the daemon was away is caught up with, and not told as if it had just happened."""
    assert _news("abc", "Nabc", last_success=NOON - 4 * DAY) == ""


def test_the_place_is_found_by_keys_that_stay() -> None:
    """Where ids are others at every poll, every entry would seem to be gone."""
    before = [_entry(f"x{n}", id=f"a{n}", link=f"b{n}") for n in range(3)]
    after = [_entry("N"), *(_entry(f"x{n}", id=f"c{n}", link=f"b{n}") for n in range(3))]
    drifting = frozenset({KeyKind.ID})
    (said,) = redate(after[:1], _traces(*after), shown(_traces(*before), drifting), NOON - HOUR, drifting)
    assert said.published is None


def test_of_a_long_document_the_beginning_is_remembered() -> None:
    """What is kept of a source is small, and what is put in at the top is found all the same."""
    long = [_entry(f"x{n}", id=f"{n:08}") for n in range(2000)]
    before = shown(_traces(*long))
    assert len(before) == 800
    new = _entry("N")
    assert redate([new], _traces(new, *long), before, NOON - HOUR)[0].published is None
    assert redate([new], _traces(*long[:1000], new, *long[1000:]), before, NOON - HOUR)[0].published is not None


@pytest.mark.parametrize(
    ("published", "last_success", "late"),
    [
        (NOON - 2 * DAY, NOON - HOUR, True),
        (NOON - 2 * HOUR, NOON - HOUR, False),
        (NOON - 2 * DAY, NOON - 3 * DAY, False),
        (None, NOON - HOUR, False),
        (NOON - 2 * DAY, None, False),
    ],
    ids=["not shown before", "a slow feed", "the daemon was away", "without a date", "never polled"],
)
def test_an_entry_is_late_when_an_earlier_poll_should_have_shown_it(
    published: datetime | None, last_success: datetime | None, late: bool
) -> None:
    """What came while the daemon was away is not late, and is caught up with."""
    entry = Entry(source="wire", id="1", keys=(), title="x", first_seen=NOON, published=published)
    assert is_late(entry, last_success, NOON) is late
