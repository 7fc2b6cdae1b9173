"""The expressions of a rule: text to a tree, every fault with its place.

condition := all {OR all}
all       := test {AND [NOT] test}
test      := near | label=value | source= | lang= | publisher= | author= | category= | url= | age<2h
near      := unit [op unit]
op        := NEAR/n | BEFORE/n | SENT | CLAUSE | THEN | NOT NEAR/n | NOT BEFORE/n | NOT AFTER/n
unit      := term | $list | "(" near {OR near} ")" | field "(" condition ")"
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import takewhile

from tocsin.model.rules import Located
from tocsin.rules.news.terms import TermError, TermList, compile_term
from tocsin.rules.pieces import END, Piece, Pieces, QueryError, number

FIELDS = ("title", "summary", "body", "lede")
#: What an entry is known by, beside the labels of its source.
KNOWN_BY = ("source", "lang", "publisher", "author", "category", "url")
#: Operators without a distance, those of them that look within a clause, and those whose left hit ends before the right one.
UNLIMITED = ("SENT", "CLAUSE", "THEN")
IN_CLAUSE = ("CLAUSE", "THEN")
ORDERED = ("BEFORE", "THEN")
#: Operators whose hits are those of the left side, less what the right side takes away.
SUBTRACTING = ("NOT NEAR", "NOT BEFORE", "NOT AFTER")
#: Brackets in brackets; deeper is a mistake or an attack.
_DEEPEST = 40
_FARTHEST = 1000
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<open>\() | (?P<close>\)) | (?P<list>\$[\w-]+) |
      (?P<regex>re:/(?:[^/\\]|\\.)*/) |
      (?P<op>(?:NOT\s+)?(?:(?:NEAR|BEFORE|AFTER)(?:/\d+|\b)|(?:SENT|CLAUSE|THEN)\b)) |
      (?P<word>(?:AND|OR|NOT)(?![^\s()])) |
      (?P<field>(?:title|summary|body|lede)(?=\()) |
      (?P<age>age\s*(?:<=|>=|<|>)\s*\d+[smhdw]) |
      (?P<label>[A-Za-z][\w-]*=[^\s()"]+ | [A-Za-z][\w-]*="[^"]*") |
      (?P<quoted>"[^"]*") |
      (?P<bare>[^\s()"]+) |
      (?P<bad>")
    )""",
    re.VERBOSE,
)
_LOWERED = re.compile(r"and|or|not|sent|clause|then|(?:near|before|after)/\d+")
_MINUS = re.compile(r"-(\$?[^\W\d].*)", re.DOTALL)
_COLON = re.compile(rf"({'|'.join(FIELDS)}):(\S+)", re.IGNORECASE)
#: `tier = primary`: a test that was written as an assignment.
_SPACED = re.compile(r"([A-Za-z][\w-]*)(?:\s+=\s*|\s*=\s+)([^\s()\"=]+|\"[^\"]*\")")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A part of an expression: the *text* it was written as, and where that starts."""

    text: str
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf(Written):
    """A term or a list."""

    terms: TermList


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair(Written):
    """Two units and the proximity operator between them; those of `UNLIMITED` have no *within*."""

    op: str
    within: int
    left: Near
    right: Near


@dataclass(frozen=True, slots=True, kw_only=True)
class Union(Written):
    """Any of several: the union of their hits."""

    parts: tuple[Near, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(Written):
    """A condition on one field only."""

    field: str
    inner: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTest(Written):
    """A label of the entry (or of the match so far), or what it is known by (`KNOWN_BY`), has this value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeTest(Written):
    """A test of the time since the entry was published, by the Clock."""

    op: str
    span: timedelta


Near = Leaf | Pair | Union | Field
Test = Near | LabelTest | AgeTest


@dataclass(frozen=True, slots=True, kw_only=True)
class All(Written):
    """Tests that must all be true; those with True beside them must not."""

    tests: tuple[tuple[bool, Test], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition(Written):
    """Any of several `All`s; a whole expression knows its *place* in a file."""

    parts: tuple[All, ...]
    place: Located | None = field(default=None, compare=False, repr=False)


def parse(
    text: str,
    lists: Callable[[str], TermList | None],
    suggest: Callable[[str], str],
    terms: Callable[[str], TermList] | None = None,
) -> Condition:
    """Return the tree of *text*; *lists* finds a list by its name, *suggest* words a likely one that was meant.

    *terms* compiles a term that stands by itself: a pack makes each only once for all of its rules.

    Raises:
        QueryError: the first fault.
    """
    return _Parser(text, lists, suggest, terms or compile_literal).whole()


def compile_literal(written: str) -> TermList:
    """Return a term that stands by itself, as a list of one.

    Raises:
        TermError: as for `compile_term`.
    """
    # In quotation marks it is no list's name, so that their spans never pass for coordinated ones.
    return TermList(f'"{written}"', ((compile_term(written), ""),))


class _Parser:
    """Recursive descent, one piece of look-ahead."""

    def __init__(
        self,
        text: str,
        lists: Callable[[str], TermList | None],
        suggest: Callable[[str], str],
        terms: Callable[[str], TermList],
    ) -> None:
        self._text = text
        self._pieces = Pieces(text, _pieces(text))
        self._terms = terms
        self._lists = lists
        self._suggest = suggest
        self._depth = 0

    def whole(self) -> Condition:
        condition = self._condition()
        if self._pieces.next.kind != END:
            raise self._stray(self._pieces.next)
        return condition

    def _condition(self) -> Condition:
        start = self._pieces.next.start
        parts = [self._all()]
        while self._pieces.take_if("word", "OR"):
            parts.append(self._all())
        return Condition(parts=tuple(parts), text=self._pieces.since(start), start=start)

    def _all(self) -> All:
        start = self._pieces.next.start
        tests = [(bool(self._pieces.take_if("word", "NOT")), self._test())]
        if tests[0][0]:
            raise QueryError("NOT must follow AND: say first what is wanted", start, 3)
        while self._pieces.take_if("word", "AND"):
            tests.append((bool(self._pieces.take_if("word", "NOT")), self._test()))
        return All(tests=tuple(tests), text=self._pieces.since(start), start=start)

    def _test(self) -> Test:
        piece = self._pieces.next
        if piece.kind == "age":
            self._pieces.take()
            found = re.fullmatch(r"age\s*(<=|>=|<|>)\s*(\d+)([smhdw])", piece.text)
            assert found
            span = timedelta(**{_UNITS[found[3]]: min(number(found[2]), 100_000)})
            return AgeTest(op=found[1], span=span, text=piece.text, start=piece.start)
        if piece.kind == "label":
            self._pieces.take()
            name, _, value = piece.text.partition("=")
            return LabelTest(name=name, value=value.strip('"'), text=piece.text, start=piece.start)
        return self._near()

    def _near(self) -> Near:
        start = self._pieces.next.start
        left = self._unit()
        piece = self._pieces.take_if("op")
        if not piece:
            return left
        op, within = _operator(piece)
        right = self._unit()
        if extra := self._pieces.take_if("op"):
            message = "one proximity operator a level: put brackets round the pair that belongs together"
            raise extra.fault(message)
        return Pair(op=op, within=within, left=left, right=right, text=self._pieces.since(start), start=start)

    def _unit(self) -> Near:
        piece = self._pieces.take()
        if piece.kind == END:
            raise QueryError("the expression ends where a term is expected", max(0, len(self._text.rstrip()) - 1))
        if piece.kind == "close":
            raise QueryError("a term is expected before this bracket", piece.start)
        if piece.kind == "open":
            return self._group(piece)
        if piece.kind == "field":
            self._pieces.take()  # its bracket
            self._enter(piece)
            inner = self._condition()
            self._close(piece)
            return Field(field=piece.text, inner=inner, text=self._pieces.since(piece.start), start=piece.start)
        if piece.kind == "list":
            found = self._lists(piece.text[1:])
            if found is None:
                raise piece.fault(f"unknown list {piece.text}{self._suggest(piece.text[1:])}")
            return Leaf(terms=found, text=piece.text, start=piece.start)
        if piece.kind in ("quoted", "bare", "regex"):
            leaf = self._term(piece)
            self._refuse_neighbour(piece)
            return leaf
        raise self._stray(piece)

    def _group(self, opened: Piece) -> Near:
        self._enter(opened)
        parts = [self._near()]
        while self._pieces.take_if("word", "OR"):
            parts.append(self._near())
        self._close(opened)
        if len(parts) == 1:
            return parts[0]
        return Union(parts=tuple(parts), text=self._pieces.since(opened.start), start=opened.start)

    def _enter(self, piece: Piece) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise QueryError(f"more than {_DEEPEST} brackets in each other", piece.start)

    def _close(self, opened: Piece) -> None:
        piece = self._pieces.next
        if piece.kind == END:
            raise opened.fault("this bracket is never closed")
        if piece.kind != "close":
            raise self._stray(piece)
        self._pieces.take()
        self._depth -= 1

    def _term(self, piece: Piece) -> Leaf:
        written = piece.text.strip('"') if piece.kind == "quoted" else piece.text
        if found := _MINUS.match(written):
            words = (
                f"- takes out of a list only; within an expression write AND NOT {found[1]}, or NOT NEAR/8 {found[1]}"
            )
            raise piece.fault(words)
        if found := _COLON.fullmatch(written):
            raise piece.fault(f"a field has brackets: write {found[1]}({found[2]})")
        try:
            terms = self._terms(written)
        except TermError as error:
            raise piece.fault(str(error)) from error
        return Leaf(terms=terms, text=piece.text, start=piece.start)

    def _refuse_neighbour(self, piece: Piece) -> None:
        """Two terms without an operator are a fault that shows how the phrase would be written."""
        run = [piece, *takewhile(lambda follower: follower.kind in ("bare", "quoted"), self._pieces.rest)]
        if len(run) == 1:
            return
        if test := _SPACED.match(self._text, piece.start):
            raise QueryError(f"a test has no blanks: write {test[1]}={test[2]}", piece.start, test.end() - piece.start)
        words = " ".join(follower.text.strip('"') for follower in run)
        message = f'two terms without an operator: write "{words}" for the phrase, or AND, OR, NEAR/8 between them'
        if any(_LOWERED.fullmatch(follower.text) for follower in run):
            message += "; operators are written in capitals"
        raise QueryError(message, piece.start, run[-1].end - piece.start)

    def _stray(self, piece: Piece) -> QueryError:
        if piece.kind == "close":
            return QueryError("this bracket closes nothing", piece.start)
        if piece.kind == "bad":
            return QueryError("this quotation mark is never closed", piece.start)
        if piece.text in ("AND", "NOT") and self._depth:
            words = "AND and NOT stand only at the level of the entry, not within brackets"
            return piece.fault(f"{words}; write title(... AND ...) for one field")
        if piece.kind in ("label", "age") and self._depth:
            return piece.fault("label and age tests stand only at the level of the entry")
        if piece.kind in ("word", "op"):
            return piece.fault(f"{piece.text} needs something on both of its sides")
        return piece.fault(f"an operator is missing before {piece.text}: AND, OR, NEAR/8 ...")


def _pieces(text: str) -> list[Piece]:
    pieces = []
    position = 0
    while found := _TOKEN.match(text, position):
        kind = found.lastgroup or "bad"
        pieces.append(Piece(kind, found.group(kind), found.start(kind)))
        position = found.end()
    return pieces


def _operator(piece: Piece) -> tuple[str, int]:
    name, _, digits = piece.text.partition("/")
    name = " ".join(name.split())
    if name in UNLIMITED:
        return name, 0
    if name.removeprefix("NOT ") in UNLIMITED:
        raise piece.fault(f"there is no {name}: NOT NEAR/n, NOT BEFORE/n and NOT AFTER/n take away, AND NOT excludes")
    if name == "AFTER":
        raise piece.fault(f"there is no AFTER: swap the sides and write BEFORE/{digits or 8}")
    if not digits:
        raise piece.fault(f"{name} needs a distance in words: {name}/8")
    if number(digits) > _FARTHEST:
        raise piece.fault(f"{name}/{digits}: more than {_FARTHEST} words; write SENT for the whole sentence")
    return name, number(digits)
