"""The language of price conditions: `abs(z(1td)) >= 4 and abs(change(1td)) >= 3%` to a tree (DESIGN 4, Prices).

    or < and < not < comparison < + - < * / < unary minus < %

A condition is true, false or unknown; a number has no unit. Windows are whole numbers with `m h d w` (wall clock) or
`td` (sessions of the instrument).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from tocsin.market.series import KEEP_CLOSES
from tocsin.rules.news.query import QueryError

#: `; did you mean x?` for a word that is nearly one of those known.
Meant = Callable[[str, Collection[str]], str]

_TOKEN = re.compile(
    r"\s*(?:(?P<window>\d+(?:td|[mhdw])\b)|(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_]\w*)|(?P<sign><=|>=|==|!=|[-<>+*/%()]))"
)
_PLAIN = ("last", "gap", "volume_z")
_WINDOWED = ("change", "z", "high", "low")
_WORDS = (*_PLAIN, *_WINDOWED, "abs", "and", "or", "not")
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LONGEST = timedelta(weeks=60)
_DEEPEST = 50
_LONGEST_TEXT = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How far back: *sessions* of the instrument, or else *span* of wall clock; neither is since the last alert."""

    sessions: int = 0
    span: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A part of a condition: its operator or function, the *text* it was written as, and where that starts."""

    op: str
    text: str
    start: int
    children: tuple[Node, ...] = ()
    number: Decimal = Decimal(0)
    window: Window = Window()

    @property
    def is_condition(self) -> bool:
        """Whether it is true or false rather than a number."""
        return self.op in (*_COMPARISONS, "and", "or", "not")


def parse_price(text: str, meant: Meant) -> Node:
    """The condition that *text* says.

    Raises:
        QueryError: it is none; says what is meant and how to put it right.
    """
    if len(text) > _LONGEST_TEXT:
        raise QueryError(f"a condition has at most {_LONGEST_TEXT} characters", 0)
    parser = _Parser(text, meant)
    node = parser.either()
    if parser.word:
        raise QueryError(
            f"{parser.word} is not expected here; join conditions with and, or", parser.at, len(parser.word)
        )
    return parser.condition(node)


def parts(node: Node) -> Iterator[Node]:
    """*node* and everything below it."""
    yield node
    for child in node.children:
        yield from parts(child)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int


def _tokens(text: str) -> list[_Token]:
    found = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise QueryError(f"{text[start]!r} means nothing in a price condition{_remedy(text[start:])}", start)
        kind = token.lastgroup or ""
        found.append(_Token(kind, token[kind], token.start(kind)))
        at = token.end()
    return [*found, _Token("end", "", end)]


def _remedy(rest: str) -> str:
    if rest.startswith("="):
        return "; equality is =="
    if rest.startswith("&"):
        return "; write and"
    if rest.startswith("|"):
        return "; write or"
    return ""


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str, meant: Meant) -> None:
        self._text = text
        self._meant = meant
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0

    @property
    def word(self) -> str:
        """The token that comes next; empty at the end."""
        return self._tokens[self._next].text

    @property
    def at(self) -> int:
        """Where the token that comes next starts."""
        return self._tokens[self._next].start

    @property
    def _end(self) -> int:
        """Where the token that was taken last ends."""
        last = self._tokens[self._next - 1]
        return last.start + len(last.text)

    def either(self) -> Node:
        """All that `or` joins."""
        return self._logic("or", lambda: self._logic("and", self._negation))

    def condition(self, node: Node) -> Node:
        """*node*, which must be true or false."""
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
        while self.word == op:
            self._take()
            found.append(self.condition(inner()))
        if len(found) == 1:
            return first
        self.condition(first)
        return self._node(op, first.start, tuple(found))

    def _negation(self) -> Node:
        if self.word != "not":
            return self._comparison()
        start = self._take().start
        return self._node("not", start, (self.condition(self._deeper(self._negation)),))

    def _comparison(self) -> Node:
        left = self._sum()
        if self.word not in _COMPARISONS:
            return left
        op = self._take().text
        right = self._number(self._sum())
        if self.word in _COMPARISONS:
            raise QueryError("compare two numbers at a time and join with and", self.at, len(self.word))
        return self._node(op, left.start, (self._number(left), right))

    def _sum(self) -> Node:
        return self._arithmetic(("+", "-"), self._product)

    def _product(self) -> Node:
        return self._arithmetic(("*", "/"), self._signed)

    def _arithmetic(self, ops: tuple[str, str], inner: Callable[[], Node]) -> Node:
        left = inner()
        while self.word in ops:
            op = self._take().text
            left = self._node(op, left.start, (self._number(left), self._number(inner())))
        return left

    def _signed(self) -> Node:
        if self.word != "-":
            return self._percent()
        start = self._take().start
        return self._node("minus", start, (self._number(self._deeper(self._signed)),))

    def _percent(self) -> Node:
        node = self._atom()
        while self.word == "%":
            self._take()
            node = self._node("%", node.start, (self._number(node),))
        return node

    def _atom(self) -> Node:
        token = self._take()
        if token.kind == "number":
            return self._node("number", token.start, number=Decimal(token.text))
        if token.text == "(":
            node = self._deeper(self.either)
            self._expect(")")
            return replace(node, text=self._text[token.start : self._end], start=token.start)
        if token.text in _PLAIN:
            return self._node(token.text, token.start)
        if token.text == "abs":
            self._expect("(")
            inner = self._number(self._deeper(self.either))
            self._expect(")")
            return self._node("abs", token.start, (inner,))
        if token.text in _WINDOWED:
            self._expect("(")
            window = self._window(token.text)
            self._expect(")")
            return self._node(token.text, token.start, window=window)
        raise self._strange(token)

    def _strange(self, token: _Token) -> QueryError:
        if token.kind == "end":
            return QueryError("the condition ends too early", token.start)
        if token.kind == "window":
            words = f"{token.text} is a window; it stands in brackets: change({token.text})"
        elif token.kind == "word" and token.text not in _WORDS:
            words = f"unknown word {token.text}{self._meant(token.text.lower(), _WORDS)}"
        else:
            words = f"a number or a condition is needed before {token.text}"
        return QueryError(words, token.start, len(token.text))

    def _window(self, function: str) -> Window:
        token = self._take()
        if token.text == "since_alert":
            if function != "change":
                raise QueryError("since_alert stands in change alone", token.start, len(token.text))
            return Window()
        if token.kind != "window":
            likely = self._meant(token.text, ("since_alert",)) if function == "change" and token.kind == "word" else ""
            words = f"{function} needs a window, such as {function}(1td){likely}"
            raise QueryError(words, token.start, len(token.text))
        unit = token.text.lstrip("0123456789")
        digits = token.text[: -len(unit)]
        count = int(digits) if len(digits) < 7 else 10**7
        if function == "z" and unit != "td":
            words = "z over a wall-clock window has no sigma to be measured by; count sessions: z(1td)"
            raise QueryError(words, token.start, len(token.text))
        if unit == "td":
            limit = f"{KEEP_CLOSES}td"
            fits, window = 0 < count <= KEEP_CLOSES, Window(sessions=count)
        else:
            limit = "60w"
            fits = 0 < count <= _LONGEST // _UNITS[unit]
            window = Window(span=_UNITS[unit] * count) if fits else Window()
        if not fits:
            raise QueryError(f"a window is 1{unit} or more and at most {limit}", token.start, len(token.text))
        return window

    def _deeper(self, inner: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise QueryError("brackets and signs are nested too deeply", self.at)
        node = inner()
        self._depth -= 1
        return node

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _expect(self, text: str) -> None:
        if self.word != text:
            found = f", not {self.word}" if self.word else ""
            raise QueryError(f"{text} is needed here{found}", self.at, len(self.word))
        self._take()

    def _node(
        self,
        op: str,
        start: int,
        children: tuple[Node, ...] = (),
        *,
        number: Decimal = Decimal(0),
        window: Window = Window(),
    ) -> Node:
        text = self._text[start : self._end]
        return Node(op=op, text=text, start=start, children=children, number=number, window=window)
