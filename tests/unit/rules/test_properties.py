"""Properties that are true of every text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tocsin.model.rules import Evidence, Span
from tocsin.rules.news.evaluate import Judgement, _leaf_hits
from tocsin.rules.news.lists import Found, TermList, _grouped
from tocsin.rules.news.nodes import Expression, Field, Leaf
from tocsin.rules.news.query import BadNameError, compile_literal, parse
from tocsin.rules.news.reading import Reading
from tocsin.rules.news.terms import Term, TermError, compile_term
from tocsin.rules.pieces import QueryError
from tocsin.text.document import Document
from tocsin.text.sentences import split
from tocsin.text.tokens import Row, Sentence

WORDS = st.sampled_from(
    [
        "a",
        "b",
        "c",
        "a b",
        "x",
        ",",
        ", and ",
        "and",
        ";",
        "\n\n",
        "gallium",
        "germanium",
        "lifts",
        "ban",
        "镓",
        "锗",
        "、",
        "。",
        "exports",
        "not",
    ]
)
TEXTS = st.lists(WORDS, max_size=25).map(" ".join)
ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
HOSTILE = st.one_of(
    ANY,
    TEXTS,
    st.lists(
        st.sampled_from(
            [
                "\u200b",
                "\ud800",
                "\u202e",
                "\x00",
                "gallium",
                "ﬁ",
                "İ",
                "e\u0301",
                "鎵",
                " ",
                "ban",
                "$",
                "10%",
                "-",
                "\n\n",
            ]
        ),
        max_size=30,
    ).map("".join),
)
#: Other tests reach each line; these look for the text that nobody thought of.
pytestmark = pytest.mark.no_cover
BOUNDED = settings(max_examples=100, deadline=None)


def spans(proof: Evidence) -> list[tuple[Span, ...]]:
    """The spans of each hit, in a fixed order."""
    return sorted(hit.spans for hit in proof.hits)


@BOUNDED
@given(TEXTS, st.integers(0, 6))
def test_near_and_sent_are_symmetric(bench: Any, text: str, distance: int) -> None:
    """Which side is written first means nothing."""
    for op in (f"NEAR/{distance}", "SENT"):
        one = bench.prove(f"(a OR gallium OR 镓) {op} (b OR c OR ban OR 锗)", text)
        other = bench.prove(f"(b OR c OR ban OR 锗) {op} (a OR gallium OR 镓)", text)
        assert spans(one) == spans(other)


@BOUNDED
@given(TEXTS, TEXTS, st.integers(0, 9))
def test_no_operator_crosses_a_sentence_or_a_field(bench: Any, title: str, summary: str, distance: int) -> None:
    """Two headlines of one entry are not one event."""
    entry = bench.entry(title, summary=summary)
    limited = (f"{op}/{distance}" for op in ("NEAR", "BEFORE", "NOT NEAR", "NOT BEFORE", "NOT AFTER"))
    for op in (*limited, "SENT", "CLAUSE", "THEN"):
        for hit in bench.prove(f"(a OR gallium OR 镓) {op} (b OR ban OR 锗)", entry).hits:
            (field,) = {span.field for span in hit.spans}
            between = getattr(entry, field)[hit.spans[0].start : hit.spans[-1].end]
            assert "\n\n" not in between
            assert "。" not in between
            assert field != "title" or ";" not in between


@BOUNDED
@given(TEXTS, st.integers(0, 9))
def test_a_wider_reach_loses_no_match(bench: Any, text: str, distance: int) -> None:
    """NEAR/9 holds wherever NEAR/8 does; NOT NEAR the other way round; SENT wherever NEAR does."""
    wide, narrow = (bench.prove(f"(a OR 镓) NEAR/{n} (b OR 锗)", text) for n in (distance + 1, distance))
    assert set(spans(narrow)) <= set(spans(wide)) <= set(spans(bench.prove("(a OR 镓) SENT (b OR 锗)", text)))
    wide, narrow = (bench.prove(f"$mineral NOT NEAR/{n} lifts", text) for n in (distance + 2, distance + 1))
    assert set(spans(wide)) <= set(spans(narrow)) <= set(spans(bench.prove("$mineral", text)))


@BOUNDED
@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_text_makes_a_rule_raise(bench: Any, title: str, summary: str, body: str) -> None:
    """Feed text is hostile: whatever it holds, it is judged, and every span lies within its field."""
    match = (
        "(($mineral NOT NEAR/3 ($undo NOT NEAR/2 $not)) NEAR/8 (ban~ OR germ* OR =US)) "
        "OR lede((re:/gal+ium/ NOT BEFORE/2 ban) THEN (gallium NOT AFTER/2 ban)) OR 镓 BEFORE/3 锗 OR gallium AND NOT title(ban) OR $mineral"
    )
    rules = bench.compile(bench.rule(match, unless="10% AND $undo"))
    judged = bench.judge(rules, bench.entry(title, summary=summary, body=body))
    assert judged.unevaluated == ()
    texts = {"title": title, "summary": summary, "body": body}
    for found in judged.matches:
        for span in found.spans:
            assert 0 <= span.start < span.end <= len(texts[span.field])


BODIES = st.recursive(
    st.sampled_from(["a", "ban", "gallium", "$mineral", "$restrict", '"a b"', "镓", "title($mineral)", "summary(ban)"]),
    lambda inner: st.one_of(
        st.tuples(
            inner,
            st.sampled_from(
                ["NEAR/3", "BEFORE/2", "SENT", "CLAUSE", "THEN", "NOT NEAR/2", "NOT NEAR/0", "NOT BEFORE/2"]
            ),
            inner,
        ).map(lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"),
        inner.map(lambda part: f"bare({part})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: " OR ".join(f"({part})" for part in parts)),
    ),
    max_leaves=6,
)
CONTEXTS = [
    "{x}",
    "{x} AND b",
    "b AND NOT {x}",
    "title({x})",
    "lede({x} AND b)",
    "{x} NEAR/4 exports",
    "exports NOT NEAR/3 {x}",
    "{x} NOT NEAR/2 $undo",
    "({x} OR c) BEFORE/5 ({x} OR b)",
    "{x} CLAUSE {x}",
    "bare({x}) THEN exports",
]


@BOUNDED
@given(BODIES, BODIES, st.sampled_from(CONTEXTS), st.sampled_from(CONTEXTS), TEXTS, TEXTS)
def test_a_name_means_what_its_body_means_in_brackets(
    bench: Any, inner: str, body: str, match: str, unless: str, title: str, summary: str
) -> None:
    """The hits, spans and labels are the same wherever a name stands, and so is what the index lets through."""
    outer = f"({body}) NEAR/5 @inner OR @inner"
    written = outer.replace("@inner", f"({inner})")
    named = bench.rule(match.format(x="@x"), unless=unless.format(x="@inner"))
    plain = bench.rule(match.format(x=f"({written})"), unless=unless.format(x=f"({inner})"))
    expressions = {"x": outer, "inner": inner}
    entry = bench.entry(title, summary=summary)
    one, other = bench.compile(named, expressions=expressions), bench.compile(plain)
    found, wanted = (
        [(m.labels, m.severity, m.spans, m.evidence.hits) for m in bench.judge(rules, entry).matches]
        for rules in (one, other)
    )
    assert found == wanted
    assert bench.judge_every(one, entry).matches == bench.judge(one, entry).matches
    assert one.explain("p/r", entry, bench.now).holds == other.explain("p/r", entry, bench.now).holds


STEPS = st.lists(st.sampled_from(["a", "b", "x", "x x", ","]), max_size=14)


def positions(steps: list[str]) -> dict[str, list[tuple[int, int]]]:
    """(word distance, order of the word) of each a and each b, a comma counting one."""
    found: dict[str, list[tuple[int, int]]] = {"a": [], "b": []}
    place, order, comma = 0, 0, False
    for step in steps:
        if step == ",":
            comma = True
            continue
        for word in step.split():
            place += 1 + comma
            order += 1
            comma = False
            if word in found:
                found[word].append((place, order))
    return found


def nearest(one: tuple[int, int], others: list[tuple[int, int]]) -> tuple[int, int] | None:
    """The nearest of *others*, the later of two equally near."""
    return min(others, key=lambda other: (abs(other[0] - one[0]), -other[0]), default=None)


@BOUNDED
@given(STEPS, st.integers(0, 7))
def test_near_is_what_it_is_defined_to_be(bench: Any, steps: list[str], distance: int) -> None:
    """The fast pairing is the slow one of the definition: neither has a nearer partner, and they are within reach."""
    found = positions(steps)
    wanted = {
        tuple(sorted((a[1], b[1])))
        for a in found["a"]
        for b in found["b"]
        if nearest(a, found["b"]) == b and nearest(b, found["a"]) == a and abs(a[0] - b[0]) <= distance
    }
    assert orders(bench.prove(f"a NEAR/{distance} b", " ".join(steps)), steps) == wanted


@BOUNDED
@given(STEPS, st.integers(0, 7))
def test_before_is_what_it_is_defined_to_be(bench: Any, steps: list[str], distance: int) -> None:
    """As NEAR, among partners in this order only."""
    found = positions(steps)
    wanted = {
        (a[1], b[1])
        for a in found["a"]
        for b in found["b"]
        if nearest(a, [other for other in found["b"] if other > a]) == b
        and nearest(b, [other for other in found["a"] if other < b]) == a
        and b[0] - a[0] <= distance
    }
    assert orders(bench.prove(f"a BEFORE/{distance} b", " ".join(steps)), steps) == wanted


@BOUNDED
@given(STEPS, st.integers(1, 7))
def test_not_near_is_what_it_is_defined_to_be(bench: Any, steps: list[str], distance: int) -> None:
    """Each b drops the nearest a within reach, and the as that only a comma (or nothing) parts from it."""
    found = positions(steps)
    dropped = {a for b in found["b"] if (a := nearest(b, found["a"])) and abs(a[0] - b[0]) <= distance}
    assert orders(bench.prove(f"a NOT NEAR/{distance} b", " ".join(steps)), steps) == left(found["a"], dropped)


@BOUNDED
@given(STEPS, st.integers(0, 7))
def test_not_before_and_not_after_are_what_they_are_defined_to_be(bench: Any, steps: list[str], distance: int) -> None:
    """As NOT NEAR, among the as of one side only."""
    found = positions(steps)
    for op, side in (("NOT BEFORE", tuple.__lt__), ("NOT AFTER", tuple.__gt__)):
        dropped = {
            a
            for b in found["b"]
            if (a := nearest(b, [a for a in found["a"] if side(a, b)])) and abs(a[0] - b[0]) <= distance
        }
        assert orders(bench.prove(f"a {op}/{distance} b", " ".join(steps)), steps) == left(found["a"], dropped)


@BOUNDED
@given(STEPS)
def test_then_is_before_in_each_clause(bench: Any, steps: list[str]) -> None:
    """A colon ends a clause whatever stands around it, and nothing else matters but the order."""
    text = " ".join(steps)
    clauses = [part.split() for part in text.split(",")]
    wanted, past = set(), 0
    for clause in clauses:
        found = {word: [past + i for i, other in enumerate(clause, 1) if other == word] for word in ("a", "b")}
        past += len(clause)
        for a in found["a"]:
            b = min((other for other in found["b"] if other > a), default=0)
            if b and a == max(other for other in found["a"] if other < b):
                wanted.add((a, b))
    assert orders(bench.prove("a THEN b", text.replace(",", ":")), steps) == wanted


LABELS = st.lists(st.sampled_from(["a", "b", "c", "x", "x x"]), max_size=14).map(lambda words: " ".join(words).split())


@BOUNDED
@given(LABELS, st.integers(1, 7))
def test_two_of_one_list_are_what_they_are_defined_to_be(bench: Any, words: list[str], distance: int) -> None:
    """As NEAR and BEFORE, among partners of another value."""
    lists = {"m": ["a", "b", "c"]}
    found = [(i, i) for i, word in enumerate(words, 1) if word != "x"]

    def nearest_other(one: tuple[int, int], ahead: bool, behind: bool) -> tuple[int, int] | None:
        others = [o for o in found if words[o[0] - 1] != words[one[0] - 1]]
        return nearest(one, [o for o in others if (ahead and o < one) or (behind and o > one)])

    for op, either in (("NEAR", True), ("BEFORE", False)):
        wanted = {
            (one[1], other[1])
            for one in found
            for other in found
            if one < other and nearest_other(one, either, True) == other and nearest_other(other, True, either) == one
            if other[0] - one[0] <= distance
        }
        proof = bench.prove(f"$m {op}/{distance} $m", " ".join(words), lists=lists)
        assert orders(proof, words) == wanted


def left(found: list[tuple[int, int]], dropped: set[tuple[int, int]]) -> set[tuple[int, ...]]:
    """The orders of *found* less what is *dropped*, and what only a comma (or nothing) parts from it."""
    groups: list[list[tuple[int, int]]] = []
    for a in found:
        if groups and groups[-1][-1][1] + 1 == a[1]:
            groups[-1].append(a)
        else:
            groups.append([a])
    return {(a[1],) for group in groups if not dropped & set(group) for a in group}


def orders(proof: Evidence, steps: list[str]) -> set[tuple[int, ...]]:
    """The hits of *proof* as the orders of their words."""
    starts: dict[int, int] = {}
    offset = order = 0
    for word in " ".join(steps).split():
        if word != ",":
            order += 1
            starts[offset] = order
        offset += len(word) + 1
    return {tuple(starts[span.start] for span in hit.spans) for hit in proof.hits}


PIECES = st.sampled_from(
    [
        "(",
        ")",
        '"',
        "$mineral",
        "$x",
        "@x",
        "@p/x",
        "NEAR/3",
        "NEAR/",
        "NOT",
        "AND",
        "OR",
        "SENT",
        "title(",
        "re:/a/",
        "re:/(/",
        "tier=a",
        "age<2h",
        "~",
        "=US",
        "ban*",
        "镓",
        "\ud800",
        " ",
        "\n",
    ]
)


@BOUNDED
@given(st.one_of(ANY, st.lists(PIECES, max_size=14).map(" ".join), st.lists(PIECES, max_size=14).map("".join)))
def test_an_expression_is_understood_or_refused_at_a_place_in_it(text: str) -> None:
    """No expression brings the daemon down when its rules are read again."""
    for start, length in refused(text):
        assert 0 <= start <= len(text)
        assert length >= 1


class NoNames:
    """A pack without lists and expressions."""

    literal = staticmethod(compile_literal)

    def find(self, written: str, start: int) -> Expression:
        """No name means anything."""
        raise BadNameError(f"unknown: {written} at {start}")


def refused(text: str) -> list[tuple[int, int]]:
    """Where *text* is refused as an expression; any other exception is a fault of the parser."""
    try:
        parse(text, NoNames())
    except QueryError as error:
        return [(error.start, error.length)]
    return []


@BOUNDED
@given(ANY)
def test_a_term_is_understood_or_refused(text: str) -> None:
    """No list brings the daemon down either."""
    with suppress(TermError):
        term = compile_term(text)
        assert term.words or term.pattern


MARKED_WORDS = st.tuples(st.text("abkmnosuxyzBCNOSU", min_size=1, max_size=4), st.sampled_from(["", "", "~"]))
PLAIN_WORDS = st.lists(MARKED_WORDS.map("".join), min_size=1, max_size=4)


@BOUNDED
@given(PLAIN_WORDS.map(" ".join) | st.sampled_from(["No inc", "US corp", "a b", "rare-earth", "US  steel", "NdFeB"]))
def test_plain_words_are_the_tokens_that_the_long_way_cuts(text: str) -> None:
    """Most terms take a short way, which must find in a headline what the headline is cut into."""
    short, long = compile_term(text), compile_term(f" {text}")
    assert replace(short, text="") == replace(long, text="")
    cut = [token for part in split("title", text.replace("~", "")) for token in part.tokens]
    assert len(cut) == len(short.words)
    assert all(word.fits(token.word) for word, token in zip(short.words, cut, strict=True))


LOOKED_FOR = [
    "ban~",
    "germ*",
    "gallium",
    "=US",
    "10%",
    "niño",
    "nino",
    "镓",
    "鎵",
    "rare earth",
    "to curb",
    "=São Paulo",
    "-ban lifted",
    "re:/x{3}/",
]


class Plain:
    """A list that is looked for at every token of one sentence, member by member."""

    def __init__(self, terms: TermList) -> None:
        self.terms, self.name, self.label, self.labelled = terms, terms.name, terms.label, terms.labelled

    def find(self, reading: Reading) -> list[Found]:
        """Return the spans, coordinated ones in groups."""
        gone = set().union(*(range(first, last + 1) for first, last, *_ in self.spans(self.terms.excluded, reading)))
        found = {
            Found(first, last, label, 0, term.text)
            for term, label in self.terms.members
            for first, last in self.spans([term], reading)
            if gone.isdisjoint(range(first, last + 1))
        }
        return _grouped(sorted(found), reading)

    def spans(self, terms: Iterable[Term], reading: Reading) -> Iterator[tuple[int, int]]:
        """The first and last tokens of each term."""
        ((_, sentence),) = reading.placed
        for term in terms:
            for first in range(len(sentence.tokens)):
                last = term.at(sentence, first)
                if last >= 0:
                    yield first, last


def row_of(sentence: Sentence) -> Row:
    """One sentence as if its field had no other."""
    row = Row(sentence.field)
    for token in sentence.tokens:
        row.add(token.word, token.cased, token.start, token.end, token.marks)
    row.firsts.append(0)
    return row


class Thorough(Judgement):
    """A judgement that works out every node at every place, one sentence after the other, and remembers nothing."""

    def _read(self, scope: str) -> Iterator[Reading]:
        for sentence in self.document.sentences(scope):
            yield Reading(row_of(sentence), self.document.texts[sentence.field])

    def hits(self, node: Any, reading: Reading) -> Any:
        """Return the hits in one sentence."""
        if isinstance(node, Leaf):
            return _leaf_hits(Plain(node.terms), reading)  # type: ignore[arg-type]  # as far as it is asked
        if isinstance(node, Field):
            here = reading.field, reading.row.starts[0]
            grounds = self.condition(node.inner, scope=node.field, labels={}) or []
            return sorted({ground.hit for ground in grounds if ground.place == here})
        return self._find(node, reading)


@BOUNDED
@given(
    st.lists(
        st.sampled_from([*LOOKED_FOR, "NIÑO", "Germany", "bans", "Sao Paulo's", "São Paulo's", "x", "\n\n"]), max_size=8
    ).map(" ".join),
    HOSTILE,
)
def test_a_list_finds_what_stands_at_any_token(text: str, odd: str) -> None:
    """To look up the words of a field saves work, and never a hit; so does a glance at them."""
    document = Document(title="", body=f"{text} {odd}")
    for row, written in product(document.rows("body"), LOOKED_FOR):
        terms = TermList("x", ((compile_term(written.removeprefix("-")), ""),))
        if not terms.members[0][0].words:
            continue
        reading = Reading(row, document.texts["body"])
        each = [(first, Reading(row_of(sentence), reading.text)) for first, sentence in reading.placed]
        wanted = [(at + one.first, at + one.last) for at, part in each for one in Plain(terms).find(part)]
        assert [(one.first, one.last) for one in terms.find(reading)] == wanted
        if terms.needed.words.isdisjoint(reading.beginnings):
            assert not wanted


@BOUNDED
@given(BODIES, st.sampled_from(CONTEXTS), TEXTS, st.one_of(TEXTS, HOSTILE))
def test_a_field_is_judged_as_its_sentences_are_one_by_one(
    bench: Any, body: str, context: str, title: str, summary: str
) -> None:
    """The words that an expression needs, and a row of all tokens, save work, and change no hit."""
    match = (
        bench.compile(
            bench.rule(f"({body}) OR (@x NEAR/4 exports) OR {context.format(x='@x')}"), expressions={"x": body}
        )
        .rules["p/r"]
        .match
    )
    entry = bench.entry(title, summary=summary)
    found, wanted = (
        [(judgement.hit(ground), ground.place) for ground in judgement.condition(match, labels={}) or ()]
        for judgement in (judge(entry, bench.now) for judge in (Judgement, Thorough))
    )
    assert found == wanted
    assert Judgement(entry, bench.now).holds(match, labels={}) == bool(wanted)


@BOUNDED
@given(
    st.sampled_from(["NEAR/0", "NEAR/1", "NEAR/3", "BEFORE/1", "BEFORE/3", "SENT", "CLAUSE", "THEN"]),
    st.sampled_from(["a", "(a OR b)", "(b OR c)"]),
    st.sampled_from(["a", "b", "(a OR b)", "(c OR x)"]),
    st.lists(st.sampled_from(["a", "b", "c", "y", "y", ",", ". A", ":"]), max_size=14).map(" ".join),
)
@example("BEFORE/1", "a", "(a OR b)", "a")
@example("BEFORE/3", "a", "b", "b a")
@example("NEAR/3", "a", "b", "b a")
@example("THEN", "a", "b", "a : b")
@example("NEAR/3", "a", "a", "a")
def test_a_pair_is_true_where_it_has_a_hit(bench: Any, op: str, left: str, right: str, text: str) -> None:
    """Whether two words are near enough is decided by their places alone, as if each pair of hits had been made."""
    (rule,) = bench.compile(bench.rule(f"{left} {op} {right}")).rules.values()
    judgement = Judgement(bench.entry(text), bench.now)
    assert judgement.holds(rule.match, labels={}) == (judgement.condition(rule.match, labels={}) is not None)


@pytest.mark.parametrize(("title", "fires"), [("Ban on gallium", True), ("Ban lifted on gallium", False)])
def test_a_word_that_a_list_leaves_out_is_near_nothing(bench: Any, title: str, fires: bool) -> None:
    """A list of one word is decided by its places, but for those that it leaves out."""
    rules = bench.compile(bench.rule("$x NEAR/5 gallium"), lists={"x": ["ban", "-ban lifted"]})
    assert bool(bench.judge(rules, title).matches) is fires
