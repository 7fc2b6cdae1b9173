"""What is new: several keys an entry, of one source, that outlive it."""

from datetime import timedelta

import pytest

from tocsin.model.entries import KeyKind

DAY = timedelta(days=1)


def _with_keys(hands, name, title, **keys):
    """An entry with just these keys."""
    made = tuple(hands.key(KeyKind(kind), text) for kind, text in keys.items())
    return hands.entry(name, title=title, keys=made)


FIRST = {"id": "guid 1", "id_nohost": "nohost 1", "link": "link 1", "title_day": "china bans it 2026-03-02"}


@pytest.mark.parametrize(
    ("title", "keys", "has_ids", "new"),
    [
        pytest.param("China bans it", FIRST, True, False, id="the same"),
        pytest.param("Quite another title", FIRST, True, False, id="same id, another title"),
        pytest.param("CHINA bans it", {"id": "guid 2", "link": "link 1"}, True, False, id="same link and title"),
        pytest.param("Another story", {"id": "guid 2", "link": "link 1"}, True, True, id="same link, another title"),
        pytest.param("China bans it", {"id": "guid 2", "id_nohost": "nohost 1"}, True, False, id="moved host"),
        pytest.param("Another story", {"id": "guid 2", "id_nohost": "nohost 1"}, True, True, id="reused path"),
        pytest.param("China bans it", {"id": "guid 2", "title_day": FIRST["title_day"]}, True, True, id="own id"),
        pytest.param("China bans it", {"title_day": FIRST["title_day"]}, False, False, id="no ids, title and day"),
        pytest.param("China bans it", {"title_day": "china bans it 2026-03-03"}, False, True, id="no ids, next day"),
        pytest.param("China bans it", {"link": "guid 1"}, True, True, id="same value, another kind"),
        pytest.param("China bans it", {}, True, True, id="nothing to know it by"),
    ],
)
def test_an_entry_is_known_by_its_keys(hands, store, *, title, keys, has_ids, new):
    """An entry is new once although its publisher changes its guid, host or title, and two entries stay two."""
    first = _with_keys(hands, "first", "China bans it", **FIRST)
    hands.poll(store, hands.batch(first), [hands.judged(first)], hands.teller())
    second = _with_keys(hands, "second", title, **keys)
    batch = hands.batch(second, has_ids=has_ids)
    assert store.unseen(batch).new == ((second,) if new else ())
    committed = hands.poll(store, batch, [hands.judged(second)], hands.teller())
    assert committed.entries == int(new)


def test_keys_are_those_of_one_source(hands, store):
    """Two outlets that number their items from 1 do not hide each other."""
    entry = hands.entry("1")
    hands.poll(store, hands.batch(entry), [hands.judged(entry)], hands.teller())
    other = hands.entry("1", source="other")
    assert store.unseen(hands.batch(other, source="other")).new == (other,)


def test_of_two_alike_in_one_document_the_first_counts(hands, store):
    """A feed that lists an item twice alerts once."""
    one, twin, other = hands.entry("one"), hands.entry("one", summary="again"), hands.entry("two")
    assert store.unseen(hands.batch(one, twin, other)).new == (one, other)
    judged = [hands.judged(entry) for entry in (one, twin, other)]
    assert hands.poll(store, hands.batch(one, twin, other), judged, hands.teller()).entries == 2


def test_links_stay_keys_when_ids_no_longer_change(hands, store):
    """A source is known by its links since its ids once changed. A quiet poll with the same ids does not take its links away."""
    keys = [{"id": f"guid {n}", "link": f"link {n}", "title_day": f"news {n} 2026-03-02"} for n in range(5)]
    entries = [_with_keys(hands, f"e{n}", f"News {n}", **one) for n, one in enumerate(keys)]
    hands.poll(store, hands.batch(*entries), [hands.judged(entry) for entry in entries], hands.teller())
    found = store.unseen(hands.batch(*entries), frozenset({KeyKind.ID}))
    assert found.volatile == {KeyKind.ID}
    assert found.new == ()


def test_two_items_of_one_day_may_share_a_title(hands, store):
    """In a feed with ids, two notices with one title on one day are two entries, and both are kept."""
    one = _with_keys(hands, "one", "Notice", id="1", title_day="notice 2026-03-02")
    two = _with_keys(hands, "two", "Notice", id="2", title_day="notice 2026-03-02")
    hands.poll(store, hands.batch(one, two), [hands.judged(one), hands.judged(two)], hands.teller())
    assert [store.read.entry(1), store.read.entry(2)] == [one, two]


@pytest.mark.everywhere
def test_a_big_document_is_looked_up_in_pieces(hands, store):
    """A document of two thousand entries has more keys than a statement takes parameters."""
    entries = [hands.entry(f"n{n}", body="") for n in range(2000)]
    batch = hands.batch(*entries)
    assert len(store.unseen(batch).new) == 2000
    hands.poll(store, batch, [hands.quiet(entry) for entry in entries], hands.teller())
    assert store.unseen(batch).new == ()


def test_keys_of_what_is_still_shown_live_on(hands, store):
    """An item that stays in a feed for a year is not new afterwards, although its text was deleted."""
    stays, leaves = hands.entry("stays"), hands.entry("leaves")
    hands.poll(store, hands.batch(stays, leaves), [hands.quiet(stays), hands.quiet(leaves)], hands.teller())
    for day in range(0, 400, 40):
        hands.poll(store, hands.batch(stays), [], hands.teller(), now=hands.now + day * DAY)
        while store.sweep(hands.now + day * DAY, 30 * DAY):
            pass
    assert store.read.counts().entries == 0
    assert store.unseen(hands.batch(stays, leaves)).new == (leaves,)


def test_keys_of_a_document_that_never_changes_live_on(hands, store):
    """A feed that answers "not modified" for a year and then gains an item reports that item alone."""
    old, late = hands.entry("old"), hands.now + 400 * DAY
    hands.poll(store, hands.batch(old), [hands.quiet(old)], hands.teller())
    hands.poll(store, hands.batch(changed=False), [], hands.teller(), now=late)
    while store.sweep(late, 30 * DAY):
        pass
    new = hands.entry("new")
    assert store.unseen(hands.batch(old, new)).new == (new,)
