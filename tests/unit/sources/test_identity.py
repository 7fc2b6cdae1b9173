"""By what an entry is known again."""

from tocsin.model.entries import KeyKind
from tocsin.sources.feeds.entries import LONGEST_ID, Traits, digest, identify


def _traits(**values):
    return Traits(**{"title": "china bans it", "day": "2026-03-02", "text": "China bans it", **values})


def _values(identity):
    return {key.kind: key.value for key in identity.keys}


def test_an_entry_has_a_key_of_every_kind():
    """If a publisher changes one thing, another key still recognises the entry."""
    (one,) = identify([_traits(id="https://www.e.com/p?n=1", link="https://e.com/a")])
    assert one.id == "https://www.e.com/p?n=1"
    assert _values(one) == {
        KeyKind.ID: digest("https://www.e.com/p?n=1"),
        KeyKind.ID_NOHOST: digest("/p?n=1"),
        KeyKind.LINK: digest("https://e.com/a"),
        KeyKind.TEXT: digest("https://e.com/a"),
        KeyKind.TITLE_DAY: digest("china bans it 2026-03-02"),
        KeyKind.WORDING: digest("https://www.e.com/p?n=1"),
    }
    assert all(len(key.value) == 32 for key in one.keys)


def test_an_id_keeps_its_key_when_the_site_moves():
    """A new domain does not make the whole feed news."""
    (old,) = identify([_traits(id="http://e.com/p?n=1")])
    (new,) = identify([_traits(id="https://m.other.com/p?n=1")])
    assert _values(old)[KeyKind.ID_NOHOST] == _values(new)[KeyKind.ID_NOHOST]
    assert _values(old)[KeyKind.ID] != _values(new)[KeyKind.ID]


def test_an_entry_without_an_id_is_known_by_its_link():
    """A corrected headline under the same link is the same entry."""
    (old,) = identify([_traits(link="https://e.com/a")])
    (new,) = identify([_traits(link="https://e.com/a", title="china bans more")])
    assert old.id == new.id == "https://e.com/a"
    assert _values(old)[KeyKind.ID] == _values(new)[KeyKind.ID]


def test_an_entry_with_nothing_is_known_by_title_and_day_or_by_its_text():
    """The same headline the next day is news, and two texts without title stay two."""
    today, tomorrow, one, other = identify(
        [_traits(), _traits(day="2026-03-03"), _traits(title="", text="x"), _traits(title="", text="y")]
    )
    assert len({today.id, tomorrow.id, one.id, other.id}) == 4
    assert all(identity.id for identity in (today, tomorrow, one, other))


def test_an_id_that_all_entries_share_loses_no_entry():
    """Some sites give every entry the same id; the next headline is news all the same."""
    before = identify([_traits(id="x", link="https://e.com/1", title="one")])
    first, second = identify(
        [_traits(id="x", link="https://e.com/2", title="two"), _traits(id="x", link="https://e.com/1", title="one")]
    )
    assert _values(first)[KeyKind.ID] not in {_values(before[0])[KeyKind.ID], _values(second)[KeyKind.ID]}
    # The one that was there is still known, by its link or id together with its title.
    assert _values(second)[KeyKind.LINK] == _values(before[0])[KeyKind.LINK]
    assert _values(second)[KeyKind.ID_NOHOST] == _values(before[0])[KeyKind.ID_NOHOST]


def test_entries_that_share_id_and_link_differ_by_title():
    """A page that always has the same address and id still reports different things."""
    one, other = identify([_traits(id="x", link="https://e.com/1", title=title) for title in ("one", "two")])
    assert one.id != other.id


def test_a_link_counts_only_where_it_tells_entries_apart():
    """Entries that all link to the home page are not one story."""
    shared = identify([_traits(id=name, link="https://e.com/live", title=name) for name in "ab"])
    (home,) = identify([_traits(id="a", link="https://e.com")])
    assert [identity.link for identity in (*shared, home)] == ["", "", ""]
    assert all(KeyKind.LINK not in _values(identity) for identity in (*shared, home))


def test_a_home_page_as_id_has_no_key_without_host():
    """The home pages of two sites are not the same article."""
    (one,) = identify([_traits(id="https://e.com/")])
    assert KeyKind.ID_NOHOST not in _values(one)


def test_an_endless_id_becomes_its_digest():
    """A hostile feed cannot fill the database with ids."""
    (one,) = identify([_traits(id="x" * (LONGEST_ID + 1))])
    assert one.id == digest("x" * (LONGEST_ID + 1))
