"""The fields of an entry, each cut into sentences on first use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import chain

from tocsin.text.fold import is_japanese
from tocsin.text.sentences import cut
from tocsin.text.titles import split_outlet
from tocsin.text.tokens import Row, Sentence

#: Tokens after the title that belong to the lede.
_LEDE = 60
#: Most characters of a field that are judged: enough for a book. A hostile feed that sends more must not hold up the others.
LONGEST = 500_000


class Document:
    """The text of one entry while it is judged: the first 500,000 characters of each field."""

    def __init__(self, *, title: str, summary: str = "", body: str = "", language: str = "") -> None:
        fields = {"title": title, "summary": summary, "body": body}
        self.texts: Mapping[str, str] = {name: text[:LONGEST] for name, text in fields.items()}
        self._language = language
        self._rows: dict[str, tuple[Row, ...]] = {}

    def rows(self, scope: str) -> tuple[Row, ...]:
        """Return the tokens of `title`, `summary`, `body`, `lede` or, for the empty string, of all fields in this order.

        A field without a token has no row. The name of an outlet at the end of the title is left out. The lede is the title
        and the first 60 tokens after it.
        """
        if scope not in self._rows:
            self._rows[scope] = self._cut(scope)
        return self._rows[scope]

    def sentences(self, scope: str) -> tuple[Sentence, ...]:
        """Return the sentences of `rows`."""
        return tuple(chain.from_iterable(row.sentences for row in self.rows(scope)))

    def _cut(self, scope: str) -> tuple[Row, ...]:
        if scope == "":
            return (*self.rows("title"), *self.rows("summary"), *self.rows("body"))
        if scope == "lede":
            return (*self.rows("title"), *self._head(_LEDE))
        text = self.texts[scope]
        end = len(split_outlet(text)[0]) if scope == "title" else len(text)
        row = cut(scope, text, japanese=self._japanese, end=end)
        return (row,) if row.words else ()

    @cached_property
    def _japanese(self) -> bool:
        return any(is_japanese(text, self._language) for text in self.texts.values())

    def _head(self, left: int) -> Iterator[Row]:
        for row in (*self.rows("summary"), *self.rows("body")):
            if left > 0:
                yield row.head(left)
            left -= len(row.words)
