"""A word of a list, added from the command line."""

from __future__ import annotations

from typing import Any

Tocsin = Any


def test_a_word_is_added_as_an_override_and_the_rules_find_it(tocsin: Tocsin) -> None:
    """The pack stays as it is; a try writes nothing, and a second call is told that the word is there."""
    path, pack = tocsin.folder / "config.yaml", tocsin.folder / "rules" / "pack.yaml"
    before, packed = path.read_text(encoding="utf-8"), pack.read_bytes() if pack.exists() else b""
    tried = tocsin("rules", "word", "metals/mineral/gallium", "GaAs wafer", "--dry-run")
    assert (tried.exit_code, path.read_text(encoding="utf-8")) == (0, before), tried.stderr
    assert '+  metals: {lists: {mineral: {gallium: ["GaAs wafer"]}}}' in tried.stdout
    done = tocsin("rules", "word", "metals/mineral/gallium", "GaAs wafer")
    assert done.exit_code == 0, done.stderr
    assert "was written into" in done.stderr
    assert path.read_text(encoding="utf-8").startswith(before)
    assert (pack.read_bytes() if pack.exists() else b"") == packed
    assert tocsin("check").exit_code == 0
    again = tocsin("rules", "word", "metals/mineral/gallium", "GaAs wafer")
    assert (again.exit_code, "the list has GaAs wafer already" in again.stderr) == (2, True)


def test_a_list_that_is_not_there_is_named(tocsin: Tocsin) -> None:
    """With the one that may have been meant, and its labels."""
    result = tocsin("rules", "word", "metals/mineral/galium", "GaAs")
    assert result.exit_code == 2
    assert "did you mean metals/mineral/gallium?" in result.stderr


def test_what_a_word_does_to_the_rules_is_said(tocsin: Tocsin) -> None:
    """As the page does: a word of every text, and one that makes an example fail."""
    for arguments, words in (
        (("metals/mineral/gallium", "the"), "warning: the is in nearly every text"),
        (("metals/mineral/gallium", "-gallium"), "warning: this should fire metals/ban, but does not"),
        (("metals/mineral/gallium", "GaAs wafer"), ""),
    ):
        options = ("--dry-run", "--config", str(tocsin.folder / "config.yaml"))
        result = tocsin("rules", "word", *options, "--", *arguments, config=False)
        assert result.exit_code == 0, result.stderr
        assert words in result.stderr
        assert ("warning" in result.stderr) == bool(words)
