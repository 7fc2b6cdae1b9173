"""Parser of price conditions such as `abs(z(1td)) >= 4 and abs(change(1td)) >= 3%`.

The operators, from the one that binds least:

    or < and < not < comparison < + - < * / < unary minus < %

A condition is true, false or unknown; a number has no unit. Windows are whole numbers with `m h d w` (wall clock) or
`td` (sessions of the instrument). A function is of the instrument of the rule, or of the one that is named first in its
brackets: `last(gold)`, `change(gold, 1td)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from tocsin.market.series import KEEP_CLOSES
from tocsin.rules.pieces import END, Piece, Pieces, QueryError, number

#: Returns `; did you mean x?` for a word that is close to one of the known words.
Meant = Callable[[str, Collection[str]], str]

_TOKEN = re.compile(
    r"\s*(?:(?P<window>\d+(?:td|[mhdw])\b)|(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_]\w*)|(?P<name>\"[^\"\n]+\")|(?P<sign><=|>=|==|!=|[-<>+*/%(),]))"
)
#: The condition that one number crosses another. It is true of the one quote at which that happens.
CROSS = "cross"
_PLAIN = ("last", "day_high", "day_low", "gap", "volume_z")
_WINDOWED = ("change", "z", "high", "low", "mean")
_WORDS = (*_PLAIN, *_WINDOWED, "abs", CROSS, "and", "or", "not")
#: Reasons why a function takes `td` windows only.
_SESSIONS_ONLY = {
    "z": "z over a wall-clock window has no sigma to be measured by; count sessions: z(1td)",
    "mean": "mean is of closes; count sessions: mean(20td)",
}
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LONGEST = timedelta(weeks=60)
_DEEPEST = 50
_LONGEST_TEXT = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A span of time back: *sessions* of the instrument, else *span* of wall clock. Without either: since the last alert."""

    sessions: int = 0
    span: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A part of a condition: its operator or function, its source *text*, and the offset at which that starts."""

    op: str
    text: str
    start: int
    children: tuple[Node, ...] = ()
    number: Decimal = Decimal(0)
    window: Window = Window()
    instrument: str = ""  # the one that a function is of; empty: that of the rule

    @property
    def is_condition(self) -> bool:
        """Return True if it is true or false rather than a number."""
        return self.op in (*_COMPARISONS, CROSS, "and", "or", "not")


def parse_price(text: str, meant: Meant) -> Node:
    """Return the tree of the condition *text*.

    Raises:
        QueryError: *text* is not a condition; the message says what is wrong and how to correct it.
    """
    if len(text) > _LONGEST_TEXT:
        raise QueryError(f"a condition has at most {_LONGEST_TEXT} characters", 0)
    return _Parser(text, meant).whole()


def parts(node: Node) -> Iterator[Node]:
    """Yield *node* and everything below it."""
    yield node
    for child in node.children:
        yield from parts(child)


def _pieces(text: str) -> list[Piece]:
    found = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise QueryError(f"{text[start]!r} means nothing in a price condition{_remedy(text[start:])}", start)
        kind = token.lastgroup or ""
        found.append(Piece(kind, token[kind], token.start(kind)))
        at = token.end()
    return found


def _remedy(rest: str) -> str:
    if rest.startswith("="):
        return "; equality is =="
    if rest.startswith("&"):
        return "; write and"
    if rest.startswith("|"):
        return "; write or"
    if rest.startswith((".", "'", '"')):
        return '; the id of an instrument stands in double quotes: last("LYC.AX")'
    return ""


class _Parser:
    """Recursive-descent parser of one text."""

    def __init__(self, text: str, meant: Meant) -> None:
        self._pieces = Pieces(text.rstrip(), _pieces(text))
        self._meant = meant
        self._depth = 0

    def whole(self) -> Node:
        node = self._either()
        if self._word:
            raise self._pieces.next.fault(f"{self._word} is not expected here; join conditions with and, or")
        return self._condition(node)

    @property
    def _word(self) -> str:
        """The text of the next piece; empty at the end."""
        return self._pieces.next.text

    def _either(self) -> Node:
        """Parse conditions joined by `or`."""
        return self._logic("or", lambda: self._logic("and", self._negation))

    def _condition(self, node: Node) -> Node:
        """Return *node*; raise an error if it is a number."""
        if not node.is_condition:
            raise QueryError(f"{node.text} is a number; compare it: {node.text} >= 3", node.start, len(node.text))
        return node

    def _number(self, node: Node) -> Node:
        if node.is_condition:
            raise QueryError(f"{node.text} is true or false, a number is needed here", node.start, len(node.text))
        return node

    def _logic(self, op: str, inner: Callable[[], Node]) -> Node:
        first = inner()
        found = [first]
        while self._word == op:
            self._pieces.take()
            found.append(self._condition(inner()))
        if len(found) == 1:
            return first
        self._condition(first)
        return self._node(op, first.start, tuple(found))

    def _negation(self) -> Node:
        if self._word != "not":
            return self._comparison()
        start = self._pieces.take().start
        return self._node("not", start, (self._condition(self._deeper(self._negation)),))

    def _comparison(self) -> Node:
        left = self._sum()
        if self._word not in _COMPARISONS:
            return left
        op = self._pieces.take().text
        right = self._number(self._sum())
        if self._word in _COMPARISONS:
            raise self._pieces.next.fault("compare two numbers at a time and join with and")
        return self._node(op, left.start, (self._number(left), right))

    def _sum(self) -> Node:
        return self._arithmetic(("+", "-"), self._product)

    def _product(self) -> Node:
        return self._arithmetic(("*", "/"), self._signed)

    def _arithmetic(self, ops: tuple[str, str], inner: Callable[[], Node]) -> Node:
        left = inner()
        while self._word in ops:
            op = self._pieces.take().text
            left = self._node(op, left.start, (self._number(left), self._number(inner())))
        return left

    def _signed(self) -> Node:
        if self._word != "-":
            return self._percent()
        start = self._pieces.take().start
        return self._node("minus", start, (self._number(self._deeper(self._signed)),))

    def _percent(self) -> Node:
        node = self._atom()
        while self._word == "%":
            self._pieces.take()
            node = self._node("%", node.start, (self._number(node),))
        return node

    def _atom(self) -> Node:
        token = self._pieces.take()
        if token.kind == "number":
            return self._node("number", token.start, number=Decimal(token.text))
        if token.text == "(":
            node = self._deeper(self._either)
            self._expect(")")
            return replace(node, text=self._pieces.since(token.start), start=token.start)
        if token.text in _PLAIN:
            return self._node(token.text, token.start, instrument=self._instrument(token.text))
        if token.text == "abs":
            self._expect("(")
            inner = self._number(self._deeper(self._either))
            self._expect(")")
            return self._node("abs", token.start, (inner,))
        if token.text == CROSS:
            self._expect("(")
            one = self._number(self._deeper(self._either))
            self._expect(",", "cross compares two numbers: cross(last, mean(20td))")
            other = self._number(self._deeper(self._either))
            self._expect(")")
            return self._node(CROSS, token.start, (one, other))
        if token.text in _WINDOWED:
            self._expect("(")
            name = ""
            if self._pieces.next.kind in ("word", "name") and self._pieces.after.text == ",":
                name = self._pieces.take().text.strip('"')
                self._pieces.take()
            window = self._window(token.text)
            if name and window == Window():
                raise token.fault("since_alert is of the instrument of the rule alone")
            self._expect(")", f"the instrument stands first: {token.text}(gold, 1td)" if self._word == "," else "")
            return self._node(token.text, token.start, window=window, instrument=name)
        raise self._strange(token)

    def _instrument(self, function: str) -> str:
        """Parse the id of an instrument in brackets; return an empty one if there are none."""
        if self._word != "(":
            return ""
        self._pieces.take()
        token = self._pieces.take()
        if token.kind not in ("word", "name"):
            raise token.fault(f"{function} is of the instrument of the rule, or of another: {function}(gold)")
        self._expect(")", f'other ids than words stand in quotes: {function}("rare-earths")')
        return token.text.strip('"')

    def _strange(self, token: Piece) -> QueryError:
        if token.kind == END:
            return QueryError("the condition ends too early", token.start)
        if token.kind == "window":
            words = f"{token.text} is a window; it stands in brackets: change({token.text})"
        elif token.kind == "word" and token.text not in _WORDS:
            words = f"unknown word {token.text}{self._meant(token.text.lower(), _WORDS)}"
        else:
            words = f"a number or a condition is needed before {token.text}"
        return token.fault(words)

    def _window(self, function: str) -> Window:
        token = self._pieces.take()
        if token.text == "since_alert":
            if function != "change":
                raise token.fault("since_alert stands in change alone")
            return Window()
        if token.kind != "window":
            likely = self._meant(token.text, ("since_alert",)) if function == "change" and token.kind == "word" else ""
            words = f"{function} needs a window, such as {function}({'20td' if function == 'mean' else '1td'}){likely}"
            raise token.fault(words)
        unit = token.text.lstrip("0123456789")
        digits = token.text[: -len(unit)]
        count = number(digits)
        if function in _SESSIONS_ONLY and unit != "td":
            raise token.fault(_SESSIONS_ONLY[function])
        if unit == "td":
            limit = f"{KEEP_CLOSES}td"
            fits, window = 0 < count <= KEEP_CLOSES, Window(sessions=count)
        else:
            limit = "60w"
            fits = 0 < count <= _LONGEST // _UNITS[unit]
            window = Window(span=_UNITS[unit] * count) if fits else Window()
        if not fits:
            raise token.fault(f"a window is 1{unit} or more and at most {limit}")
        return window

    def _deeper(self, inner: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise QueryError("brackets and signs are nested too deeply", self._pieces.next.start)
        node = inner()
        self._depth -= 1
        return node

    def _expect(self, text: str, remedy: str = "") -> None:
        if self._word != text:
            found = f", not {self._word}" if self._word else ""
            raise self._pieces.next.fault(f"{text} is needed here{found}{f'; {remedy}' if remedy else ''}")
        self._pieces.take()

    def _node(
        self,
        op: str,
        start: int,
        children: tuple[Node, ...] = (),
        *,
        number: Decimal = Decimal(0),
        window: Window = Window(),
        instrument: str = "",
    ) -> Node:
        text = self._pieces.since(start)
        return Node(
            op=op, text=text, start=start, children=children, number=number, window=window, instrument=instrument
        )
