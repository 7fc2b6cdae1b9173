"""The expressions of a rule: text to a tree, every fault with its place.

condition := all {OR all}
all       := test {AND [NOT] test}
test      := near | label=value | source= | lang= | publisher= | author= | category= | url= | age<2h
near      := unit [op unit]
op        := NEAR/n | BEFORE/n | SENT | CLAUSE | THEN | NOT NEAR/n | NOT BEFORE/n | NOT AFTER/n
unit      := term | $list | @name | [bare] "(" near {OR near} ")" | field "(" condition ")"
"""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import takewhile
from typing import Protocol

from tocsin.rules.news.coverage import made_of
from tocsin.rules.news.lists import TermList
from tocsin.rules.news.nodes import (
    SUBTRACTING,
    UNLIMITED,
    AgeTest,
    All,
    Bare,
    Condition,
    Expression,
    Field,
    LabelTest,
    Leaf,
    Named,
    Near,
    Pair,
    Test,
    Union,
)
from tocsin.rules.news.terms import TermError, compile_term
from tocsin.rules.pieces import END, Piece, Pieces, QueryError, number

FIELDS = ("title", "summary", "body", "lede")
#: How deep brackets may be nested; deeper is a mistake or an attack.
_DEEPEST = 40
_FARTHEST = 1000
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<open>\() | (?P<close>\)) | (?P<name>[$@](?:[\w.-]+/)?[\w-]+) |
      (?P<regex>re:/(?:[^/\\]|\\.)*/) |
      (?P<op>(?:NOT\s+)?(?:(?:NEAR|BEFORE|AFTER)(?:/\d+|\b)|(?:SENT|CLAUSE|THEN)\b)) |
      (?P<word>(?:AND|OR|NOT)(?![^\s()])) |
      (?P<field>(?:title|summary|body|lede)(?=\()) |
      (?P<filter>bare(?=\()) |
      (?P<age>age\s*(?:<=|>=|<|>)\s*\d+[smhdw]) |
      (?P<label>[A-Za-z][\w-]*=[^\s()"]+ | [A-Za-z][\w-]*="[^"]*") |
      (?P<quoted>"[^"]*") |
      (?P<bare>[^\s()"]+) |
      (?P<bad>")
    )""",
    re.VERBOSE,
)
_LOWERED = re.compile(r"and|or|not|sent|clause|then|(?:near|before|after)/\d+")
_MINUS = re.compile(r"-([$@]?[^\W\d].*)", re.DOTALL)
_COLON = re.compile(rf"({'|'.join(FIELDS)}):(\S+)", re.IGNORECASE)
#: `tier = primary`: a test that was written as an assignment.
_SPACED = re.compile(r"([A-Za-z][\w-]*)(?:\s+=\s*|\s*=\s+)([^\s()\"=]+|\"[^\"]*\")")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class BadNameError(ValueError):
    """A name that means nothing where it is written, in words."""


class Names(Protocol):
    """The names that an expression may use, and the terms that stand in it by themselves."""

    def find(self, written: str, start: int) -> TermList | Expression:
        """Return the list or the expression that is *written* as `$name` or `@name` at the offset *start*.

        Raises:
            BadNameError: there is none.
        """
        ...

    def literal(self, written: str) -> TermList:
        """Return a term that stands by itself: a pack makes each only once for all of its rules.

        Raises:
            TermError: as for `compile_term`.
        """
        ...


def parse(text: str, names: Names) -> Condition:
    """Return the tree of *text*, a condition of a rule.

    Raises:
        QueryError: the first fault.
    """
    return _Parser(text, names).whole()


def parse_body(text: str, names: Names) -> Near:
    """Return the tree of *text*, the body of a named expression: it means what it would in brackets.

    Raises:
        QueryError: the first fault.
    """
    return _Parser(text, names, named=True).body()


def compile_literal(written: str) -> TermList:
    """Return a term that stands by itself, as a list of one.

    Raises:
        TermError: as for `compile_term`.
    """
    # In quotation marks it is no list's name, so that their spans never pass for coordinated ones.
    return TermList(f'"{written}"', ((compile_term(written), ""),))


class _Parser:
    """Recursive descent, one piece of look-ahead."""

    def __init__(self, text: str, names: Names, *, named: bool = False) -> None:
        self._text = text
        self._pieces = Pieces(text, _pieces(text))
        self._names = names
        self._named = named
        self._depth = 0

    def whole(self) -> Condition:
        condition = self._condition()
        if self._pieces.next.kind != END:
            raise self._stray(self._pieces.next)
        return condition

    def body(self) -> Near:
        body = self._alternatives(self._pieces.next.start)
        if self._pieces.next.kind != END:
            raise self._stray(self._pieces.next)
        return body

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
        if piece.kind in ("age", "label") and self._named:
            raise self._stray(piece)
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
            message = "two proximity operators in one bracket: put brackets round the pair that belongs together"
            raise extra.fault(message)
        # NEAR/0 asks for what overlaps: of one list that is one and the same.
        distinct = op not in SUBTRACTING and (op, within) != ("NEAR", 0) and made_of(left) == made_of(right)
        text = self._pieces.since(start)
        return Pair(op=op, within=within, left=left, right=right, distinct=distinct, text=text, start=start)

    def _unit(self) -> Near:
        piece = self._pieces.take()
        if piece.kind == END:
            raise QueryError(
                "the expression ends where a term is expected: add one, or take out what stands before it",
                max(0, len(self._text.rstrip()) - 1),
            )
        if piece.kind == "close":
            raise QueryError("a term is expected before this bracket", piece.start)
        if piece.kind == "open":
            return self._group(piece)
        if piece.kind == "filter":
            kept = self._group(self._pieces.take())
            return Bare(inner=kept, text=self._pieces.since(piece.start), start=piece.start)
        if piece.kind == "field":
            self._pieces.take()  # its bracket
            self._enter(piece)
            inner = self._condition()
            self._close(piece)
            return Field(field=piece.text, inner=inner, text=self._pieces.since(piece.start), start=piece.start)
        if piece.kind == "name":
            return self._name(piece)
        if piece.kind in ("quoted", "bare", "regex"):
            leaf = self._term(piece)
            self._refuse_neighbour(piece)
            return leaf
        raise self._stray(piece)

    def _name(self, piece: Piece) -> Leaf | Named:
        try:
            found = self._names.find(piece.text, piece.start)
        except BadNameError as error:
            raise piece.fault(str(error)) from error
        if isinstance(found, Expression):
            return Named(expression=found, text=piece.text, start=piece.start)
        return Leaf(terms=found, text=piece.text, start=piece.start)

    def _group(self, opened: Piece) -> Near:
        self._enter(opened)
        return self._alternatives(opened.start, opened)

    def _alternatives(self, start: int, opened: Piece | None = None) -> Near:
        """Take `near {OR near}`, with the bracket that closes the *opened* one."""
        parts = [self._near()]
        while self._pieces.take_if("word", "OR"):
            parts.append(self._near())
        if opened:
            self._close(opened)
        if len(parts) == 1:
            return parts[0]
        return Union(parts=tuple(parts), text=self._pieces.since(start), start=start)

    def _enter(self, piece: Piece) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise QueryError(
                f"brackets are nested more than {_DEEPEST} deep: make a named expression of the inner ones", piece.start
            )

    def _close(self, opened: Piece) -> None:
        piece = self._pieces.next
        if piece.kind == END:
            raise opened.fault("this bracket is never closed: add )")
        if piece.kind != "close":
            raise self._stray(piece)
        self._pieces.take()
        self._depth -= 1

    def _term(self, piece: Piece) -> Leaf:
        written = piece.text.strip('"') if piece.kind == "quoted" else piece.text
        if found := _MINUS.match(written):
            words = f"a leading - takes a term out of a list; within an expression write AND NOT {found[1]}, or NOT NEAR/8 {found[1]}"
            raise piece.fault(words)
        if found := _COLON.fullmatch(written):
            raise piece.fault(f"a field has brackets: write {found[1]}({found[2]})")
        try:
            terms = self._names.literal(written)
        except TermError as error:
            raise piece.fault(str(error)) from error
        return Leaf(terms=terms, text=piece.text, start=piece.start)

    def _refuse_neighbour(self, piece: Piece) -> None:
        """Refuse a term right behind *piece*; the fault shows how the phrase is written."""
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
            return QueryError("this bracket closes nothing: take it out, or open it with (", piece.start)
        if piece.kind == "bad":
            return QueryError('this quotation mark is never closed: add "', piece.start)
        if self._named and (piece.text in ("AND", "NOT") or piece.kind in ("label", "age")):
            return piece.fault(
                "a named expression has no AND, no NOT, no label and no age test: write them in the rules that use it"
            )
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
