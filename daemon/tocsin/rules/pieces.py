"""The pieces of an expression, from which both languages of rules are parsed with one piece of look-ahead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: The kind of the piece behind the last.
END = "end"


class QueryError(ValueError):
    """An expression that cannot be understood: words, and the characters that are meant."""

    def __init__(self, message: str, start: int, length: int = 1) -> None:
        super().__init__(message)
        self.start = start
        self.length = max(1, length)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an expression, and the offset at which it starts."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.start + len(self.text)

    def fault(self, words: str) -> QueryError:
        """Return a fault of this piece, in *words*."""
        return QueryError(words, self.start, len(self.text))


class Pieces:
    """The pieces of *text* in their order, taken one after the other."""

    def __init__(self, text: str, pieces: Iterable[Piece]) -> None:
        self._text = text
        self._pieces = [*pieces, Piece(END, "", len(text))]
        self._at = 0

    @property
    def next(self) -> Piece:
        """The piece that comes next; at the end one of the kind `END`."""
        return self._pieces[self._at]

    @property
    def after(self) -> Piece:
        """The piece after that which comes next."""
        return self._pieces[min(self._at + 1, len(self._pieces) - 1)]

    @property
    def rest(self) -> list[Piece]:
        """All that have not been taken."""
        return self._pieces[self._at :]

    def take(self) -> Piece:
        """Take the piece that comes next; the end is never passed."""
        piece = self.next
        self._at += piece.kind != END
        return piece

    def take_if(self, kind: str, text: str = "") -> Piece | None:
        """Take the piece that comes next if it is of this *kind* and, where given, this *text*."""
        return self.take() if self.next.kind == kind and text in ("", self.next.text) else None

    def since(self, start: int) -> str:
        """Return the text from *start* to the end of the piece that was taken last."""
        return self._text[start : self._pieces[self._at - 1].end if self._at else start]


def number(digits: str) -> int:
    """Return the number that *digits* are, or a large one: Python reads no more than some thousand of them."""
    return int(digits) if len(digits) <= 9 else 10**9
