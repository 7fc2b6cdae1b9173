"""The last good version of a rule pack."""

from datetime import timedelta

FILES = [("minerals.yaml", "tocsin: 1\nlists: {a: [镓]}\n"), ("more.yaml", "")]


def test_a_kept_pack_comes_back_word_for_word(hands, store):
    """A faulty pack at the start is replaced by the very files that were good last."""
    assert store.read.kept_pack("minerals") is None
    store.keep_pack("minerals", "h1", FILES, hands.now)
    assert store.read.kept_pack("minerals") == tuple(FILES)


def test_only_the_latest_version_is_kept(hands, store):
    """The kept version is the last one that ran, and a reload without a change writes nothing."""
    store.keep_pack("minerals", "h1", FILES, hands.now)
    store.keep_pack("minerals", "h1", [("other", "")], hands.now + timedelta(days=1))
    assert store.read.kept_pack("minerals") == tuple(FILES)
    store.keep_pack("minerals", "h2", FILES[:1], hands.now)
    assert store.read.kept_pack("minerals") == tuple(FILES[:1])
    assert (store.read.kept_hash("minerals"), store.read.kept_hash("other")) == ("h2", "")
