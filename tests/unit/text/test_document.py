"""The fields of an entry, cut into sentences on first use."""

from __future__ import annotations

from tocsin.text.document import Document
from tocsin.text.fold import fold, is_japanese


def words(document: Document, field: str) -> list[str]:
    """The words of a field, in order."""
    return [token.word for part in document.sentences(field) for token in part.tokens]


def test_the_fields_of_an_entry_follow_each_other_without_the_outlet() -> None:
    """A rule without a field looks at all of them; the publisher's name is none of the text."""
    document = Document(title="China bans gallium - Mining Weekly", summary="It said.", body="Prices rise.")
    assert words(document, "") == ["china", "bans", "gallium", "it", "said", "prices", "rise"]
    assert words(document, "title") == ["china", "bans", "gallium"]
    assert [part.field for part in document.sentences("")] == ["title", "summary", "body"]


def test_the_lede_is_the_title_and_sixty_tokens_behind_it() -> None:
    """What stands deep in a body is no news of the day."""
    document = Document(title="Gallium", summary="one " * 50 + ". ", body="two " * 20 + "\n\nthree")
    lede = words(document, "lede")
    assert lede == ["gallium", *["one"] * 50, *["two"] * 10]


def test_the_lede_of_a_short_entry_is_all_of_it() -> None:
    """Nothing is cut from what is short."""
    assert words(Document(title="Gallium", summary="China. Bans.", body=""), "lede") == ["gallium", "china", "bans"]


def test_the_lede_ends_with_a_sentence_of_sixty_tokens() -> None:
    """The sixty-first token begins what is no lede."""
    assert len(words(Document(title="", summary="one " * 60, body="two"), "lede")) == 60


def test_a_field_is_cut_once() -> None:
    """Every rule asks again, and only the first pays."""
    document = Document(title="China bans gallium")
    assert document.rows("title")[0] is document.rows("")[0]


def test_traditional_han_is_folded_unless_the_entry_is_japanese() -> None:
    """One list of simplified words serves Taiwan, too, and never reads Japanese as Chinese."""
    assert words(Document(title="輸出"), "title") == ["输", "出"]
    assert words(Document(title="輸出", summary="する"), "title") == ["輸", "出"]
    assert words(Document(title="輸出", language="ja-JP"), "title") == ["輸", "出"]


def test_folding_is_final() -> None:
    """What is folded stays as it is when it is folded again."""
    for text in ("China’s", "ﬁ", "İ", "ß", "鎵", "ΐ", "\u0345", "ｶﾞ", "Ǆ"):
        assert fold(fold(text)) == fold(text)


def test_japanese_is_known_by_kana_or_by_its_label() -> None:
    """A headline of Han alone is Japanese only where the feed says so."""
    assert is_japanese("レアアース")
    assert is_japanese("輸出", "ja")
    assert not is_japanese("輸出", "zh-tw")


def test_of_a_body_without_end_a_books_worth_is_judged() -> None:
    """One entry of ten megabytes must not hold up the news of all other feeds."""
    document = Document(title="x" * 600_000, body="gallium " * 62_500 + "germanium")
    assert words(document, "body") == ["gallium"] * 62_500
    assert document.texts["body"] == "gallium " * 62_500
