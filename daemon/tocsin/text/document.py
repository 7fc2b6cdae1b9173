"""An entry's fields, cut into sentences when they are first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from tocsin.text.fold import is_japanese
from tocsin.text.sentences import split
from tocsin.text.titles import split_outlet
from tocsin.text.tokens import Sentence, sentence

#: How many tokens behind the title belong to the lede.
_LEDE = 60
#: Characters of a field that are judged: a book of news. What a hostile feed sends behind them must not stop the others.
LONGEST = 500_000


class Document:
    """The text of one entry, for as long as it is judged; of each field the first 500,000 characters."""

    def __init__(self, *, title: str, summary: str = "", body: str = "", language: str = "") -> None:
        fields = {"title": title, "summary": summary, "body": body}
        self.texts: Mapping[str, str] = {name: text[:LONGEST] for name, text in fields.items()}
        self._language = language
        self._sentences: dict[str, tuple[Sentence, ...]] = {}

    def sentences(self, field: str) -> tuple[Sentence, ...]:
        """Return the sentences of `title`, `summary`, `body`, `lede` or, for the empty string, of all fields in this order.

        An outlet's name behind the title is not its text. The lede is the title and the first 60 tokens behind it.
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
