"""The fields of an entry, each cut into sentences on first use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from tocsin.text.fold import is_japanese
from tocsin.text.sentences import split
from tocsin.text.titles import split_outlet
from tocsin.text.tokens import Sentence, sentence

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
        self._sentences: dict[str, tuple[Sentence, ...]] = {}

    def sentences(self, field: str) -> tuple[Sentence, ...]:
        """Return the sentences of `title`, `summary`, `body`, `lede` or, for the empty string, of all fields in this order.

        The name of an outlet at the end of the title is left out. The lede is the title and the first 60 tokens after it.
        """
        if field not in self._sentences:
            self._sentences[field] = self._cut(field)
        return self._sentences[field]

    def _cut(self, field: str) -> tuple[Sentence, ...]:
        if field == "":
            return (*self.sentences("title"), *self.sentences("summary"), *self.sentences("body"))
        if field == "lede":
            return (*self.sentences("title"), *self._head(_LEDE))
        text = self.texts[field]
        end = len(split_outlet(text)[0]) if field == "title" else len(text)
        return split(field, text, japanese=self._japanese, end=end)

    @cached_property
    def _japanese(self) -> bool:
        return any(is_japanese(text, self._language) for text in self.texts.values())

    def _head(self, left: int) -> tuple[Sentence, ...]:
        head: list[Sentence] = []
        for part in (*self.sentences("summary"), *self.sentences("body")):
            if left <= 0:
                break
            head.append(part if len(part.tokens) <= left else sentence(part.field, part.tokens[:left]))
            left -= len(part.tokens)
        return tuple(head)
