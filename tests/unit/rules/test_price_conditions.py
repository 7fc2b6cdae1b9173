"""Price conditions: their grammar, the value of each function, and three-valued logic."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import meant
from tocsin.market.series import Close, Reference, append, begin
from tocsin.model.prices import Instrument, Quote
from tocsin.rules.pieces import QueryError
from tocsin.rules.prices.condition import parse_price, parts
from tocsin.rules.prices.reading import Sight, read, sides

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CU = Instrument(id="cu", kind="metal")


def quote(price, at=NOON, volume=None):
    """A quote of copper."""
    return Quote(instrument="cu", price=Decimal(str(price)), at=at, first_seen=at, volume=volume)


def sight(price=103, *, closes=30, volume=None, **fields):
    """Copper at *price*, after closes of 100 on each of the days before, with quotes at 11:00 of 102 and 11:30 of 101."""
    days = [NOON - timedelta(days=n) for n in range(closes, 0, -1)]
    known = tuple(
        Close(day=at.date(), at=at, price=Decimal(100), sigma=0.01, volume=Decimal(1000 + n % 3))
        for n, at in enumerate(days)
    )
    series = replace(begin(CU), closes=known)
    for hour, minute, earlier in ((11, 0, 102), (11, 30, 101)):
        series = append(series, quote(earlier, NOON.replace(hour=hour, minute=minute)))
    one = quote(price, volume=None if volume is None else Decimal(volume))
    defaults = {"now": NOON, "stale_after": timedelta(hours=48), "min_obs": 10}
    return Sight(series=series, quote=one, **(defaults | fields))


def truth(text, seen=None):
    """What *text* says."""
    return read(parse_price(text, meant), seen or sight()).truth


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("last == 103", True),
        ("last != 103", False),
        ("last > 103", False),
        ("last >= 103", True),
        ("last < 103", False),
        ("last <= 103", True),
        ("last - 3 == 100", True),
        ("last + 3 == 106", True),
        ("last * 2 == 206", True),
        ("last / 2 == 51.5", True),
        ("2 + 3 * 4 == 14", True),
        ("(2 + 3) * 4 == 20", True),
        ("10 - 3 - 2 == 5", True),
        ("100 / 10 / 5 == 2", True),
        ("-last == -103", True),
        ("--last == 103", True),
        ("abs(-3) == 3", True),
        ("abs(last - 105) == 2", True),
        ("3% == 0.03", True),
        ("last * 10% == 10.3", True),
        ("change(1td) == 3%", True),
        ("change(1td) >= 3%", True),
        ("change(1td) > 3%", False),
        ("change(1h) == 1 / 102", None),  # 0.0098…: compared below
        ("change(30m) > 1.98%", True),
        ("change(1d) == 3%", True),
        ("change(5d) == 3%", True),
        ("change(40d) == 3%", None),
        ("change(30td) == 3%", True),
        ("change(31td) == 3%", None),
        ("change(since_alert) > 0", None),
        ("z(1td) > 2.95 and z(1td) < 2.96", True),  # ln 1.03 / 0.01
        ("z(4td) > 1.47 and z(4td) < 1.48", True),  # … / sqrt 4
        ("z(31td) > 1", None),
        ("gap == 2%", True),
        ("high(1h) == 102", True),
        ("low(1h) == 101", True),
        ("high(1td) == 100", True),
        ("low(30td) == 100", True),
        ("low(31td) == 100", None),
        ("last > high(20td)", True),
        ("high(52w) > 1", None),
        ("low(10m) > 1", None),  # nothing was quoted in these ten minutes
        ("mean(20td) == 100", True),
        ("mean(31td) == 100", None),
        ("cross(last, 100)", False),  # a first reading has crossed nothing
        ("cross(last, mean(31td))", None),
        ("not cross(last, 100) and last > 100", True),
        ("volume_z > 3", None),
        ("last / (last - 103) > 1", None),
        ("not last > 100", False),
        ("not not last > 100", True),
        ("last > 100 and last > 200", False),
        ("last > 100 or last > 200", True),
        ("last > 200 and last > 200 or last > 100", True),
        ("last > 100 or last > 200 and last > 200", True),
        ("last > 200 and change(31td) > 0", False),
        ("change(31td) > 0 and last > 200", False),
        ("last > 100 and change(31td) > 0", None),
        ("last > 100 or change(31td) > 0", True),
        ("last > 200 or change(31td) > 0", None),
        ("not change(31td) > 0", None),
    ],
)
def test_each_function_and_operator_says_what_it_promises(text, holds):
    """The table that the documentation of price rules is."""
    if text.startswith("change(1h)"):
        assert truth("change(1h) > 0.98% and change(1h) < 0.981%")
    else:
        assert truth(text) is holds


def test_volume_is_measured_against_twenty_sessions():
    """A day of ten times the trade stands out; a usual one does not."""
    assert truth("volume_z > 10", sight(volume=10_000))
    assert truth("abs(volume_z) < 1", sight(volume=1001))
    assert truth("volume_z > 1", sight(volume=0)) is None
    assert truth("volume_z > 1", sight(volume=10_000, closes=19)) is None


@pytest.mark.parametrize("text", ["change(1td) > 0", "z(1td) > 0", "gap > 0", "high(1td) < 200", "mean(1td) < 200"])
def test_too_few_closes_are_unknown(text):
    """In its first days an instrument says nothing about what is usual."""
    assert truth(text, sight(closes=9)) is None
    assert truth(text, sight(closes=10)) is True
    assert truth(text, sight(closes=0, min_obs=0)) is None


@pytest.mark.parametrize(
    ("was", "price", "crossed"),
    [(False, 103, True), (True, 103, False), (True, 97, True), (False, 97, False), (True, 100, False)],
)
def test_a_number_has_crossed_when_it_is_on_the_other_side(was, price, crossed):
    """Both directions count, and a touch is no crossing."""
    text = "cross(last, mean(20td))"
    seen = sight(price, above={text: was})
    assert truth(text, seen) is crossed
    node = read(parse_price(text, meant), seen)
    assert sides(node) == ({} if price == 100 else {text: price > 100})


def test_a_mean_and_a_crossing_show_their_numbers():
    """The reader sees the mean and since when, and which way the price went."""
    proof = read(
        parse_price("cross(last, mean(20td))", meant), sight(above={"cross(last, mean(20td))": False})
    ).evidence
    assert proof.note == "above now, below before"
    assert proof.children[1].note == "100, the mean of 20 closes since 2026-02-10 12:00 UTC"


def test_a_quote_that_is_stale_is_unknown():
    """What a price was last week is no reason to wake anybody."""
    assert truth("last > 1", sight(now=NOON + timedelta(hours=49))) is None
    assert truth("last > 1", sight(now=NOON + timedelta(hours=47))) is True


def test_the_session_of_a_split_is_unknown():
    """Nobody knows what the first price after a split is measured against."""
    seen = sight()
    assert truth("last > 1", replace(seen, series=replace(seen.series, split_day=NOON.date()))) is None


def test_the_change_since_the_alert_is_measured_from_its_price():
    """`change(since_alert)` tells how far it went on."""
    told = Reference(price=Decimal(100), at=NOON - timedelta(days=3))
    assert truth("change(since_alert) == 3%", sight(alerted=told))


@pytest.mark.parametrize(
    "text", ["change(1td) > 0 or change(1td) <= 0", "z(1td) > 0 or z(1td) <= 0", "gap > 0 or gap <= 0"]
)
def test_a_negative_price_is_unknown_and_no_crash(text):
    """Oil once cost less than nothing; a logarithm of that must not stop the daemon, nor fire."""
    seen = sight()
    closes = tuple(replace(close, price=Decimal("-36.98")) for close in seen.series.closes)
    below = replace(seen, series=replace(seen.series, closes=closes))
    assert truth(text, below) is None
    assert truth("z(1td) > -99", sight(price="-36.98")) is None


@pytest.mark.parametrize(
    "text", ["last < 0", "last - low(1td) < -1", "high(2h) > 0", "last - high(30td) < -100", "-last > 0"]
)
def test_levels_and_differences_are_known_on_both_sides_of_zero(text):
    """What a negative price can be asked is its level and by how much it differs."""
    assert truth(text, sight(price="-0.5"))


@pytest.mark.parametrize(
    "text", ["change(1td) < 0", "change(1h) < 0", "change(since_alert) < 0", "z(1td) < 0", "gap < 0"]
)
@pytest.mark.parametrize("price", ["-0.5", "0"])
def test_a_ratio_to_a_price_that_is_not_above_zero_is_unknown_and_says_what_to_write(text, price):
    """Minus two hundred per cent of a price would mean nothing, so it neither fires nor stays silent about why."""
    told = Reference(price=Decimal(100), at=NOON - timedelta(days=3))
    below = replace(sight(price=price, alerted=told))
    if text.startswith("gap"):
        below = replace(below, series=replace(below.series, opening=quote(price)))
    reading = read(parse_price(text, meant), below)
    assert reading.truth is None
    words = " ".join(child.note for child in reading.evidence.children)
    assert f"to {price} there is no ratio; subtract prices at or below zero" in words


def test_the_proof_says_number_reference_and_time():
    """An alert that does not say what a move is measured from cannot be checked."""
    proof = read(parse_price("abs(z(1td)) >= 2 and change(31td) > 1", meant), sight()).evidence
    notes = {node.op: node.note for node in _walk(proof)}
    assert notes["z"] == "+3.0 sigma, a day's being 1.00%; +3.00% on 100 of 2026-03-01 12:00 UTC"
    assert notes["change"] == "unknown: 30 of 31 closes are known"
    assert [node.text for node in proof.children] == ["abs(z(1td)) >= 2", "change(31td) > 1"]
    assert [node.holds for node in proof.children] == [True, False]


def _walk(node):
    yield node
    for child in node.children:
        yield from _walk(child)


@pytest.mark.parametrize(
    ("text", "start", "length", "words"),
    [
        ("lst > 3", 0, 3, "unknown word lst; did you mean last?"),
        ("last", 0, 4, "last is a number; compare it: last >= 3"),
        ("last > 3 and change(1d)", 13, 10, "change(1d) is a number; compare it: change(1d) >= 3"),
        ("z(24h) > 4", 2, 3, "z over a wall-clock window has no sigma to be measured by; count sessions: z(1td)"),
        ("z > 4", 2, 1, "( is needed here, not >"),
        ("change(1y) > 4", 7, 1, "change needs a window, such as change(1td)"),
        ("change(since_alarm) > 1", 7, 11, "change needs a window, such as change(1td); did you mean since_alert?"),
        ("high(since_alert) > 1", 5, 11, "since_alert stands in change alone"),
        ("change(0td) > 1", 7, 3, "a window is 1td or more and at most 300td"),
        ("change(301td) > 1", 7, 5, "a window is 1td or more and at most 300td"),
        ("change(99999999999999m) > 1", 7, 15, "a window is 1m or more and at most 60w"),
        ("mean(4h) > 1", 5, 2, "mean is of closes; count sessions: mean(20td)"),
        ("last > mean", 11, 1, "( is needed here"),
        ("last > mean(since_alert)", 12, 11, "since_alert stands in change alone"),
        ("cross(last)", 10, 1, ", is needed here, not ); cross compares two numbers: cross(last, mean(20td))"),
        ("cross(last, 3) > 1", 0, 14, "cross(last, 3) is true or false, a number is needed here"),
        ("cross(last > 3, 2)", 6, 8, "last > 3 is true or false, a number is needed here"),
        ("crosses(last, 3)", 0, 7, "unknown word crosses; did you mean cross?"),
        (
            "last(rare-earths) > 3",
            9,
            1,
            ') is needed here, not -; other ids than words stand in quotes: last("rare-earths")',
        ),
        (
            "last(LYC.AX) > 3",
            8,
            1,
            "'.' means nothing in a price condition; the id of an instrument stands in double quotes: last(\"LYC.AX\")",
        ),
        ("last(3) > 3", 5, 1, "last is of the instrument of the rule, or of another: last(gold)"),
        ("change(1td, gold) > 3", 10, 1, ") is needed here, not ,; the instrument stands first: change(gold, 1td)"),
        ("change(gold) > 3", 7, 4, "change needs a window, such as change(1td)"),
        ("change(gold, since_alert) > 3", 0, 6, "since_alert is of the instrument of the rule alone"),
        ("last > 3 last", 9, 4, "last is not expected here; join conditions with and, or"),
        ("last >", 6, 1, "the condition ends too early"),
        ("", 0, 1, "the condition ends too early"),
        ("(last > 3", 9, 1, ") is needed here"),
        ("last = 3", 5, 1, "'=' means nothing in a price condition; equality is =="),
        ("last > 3 && last < 5", 9, 1, "'&' means nothing in a price condition; write and"),
        ("last > 3 || last < 5", 9, 1, "'|' means nothing in a price condition; write or"),
        ("last > $x", 7, 1, "'$' means nothing in a price condition"),
        ("1 < last < 3", 9, 1, "compare two numbers at a time and join with and"),
        ("(last > 3) + 1 > 2", 0, 10, "(last > 3) is true or false, a number is needed here"),
        ("not last", 4, 4, "last is a number; compare it: last >= 3"),
        ("1td > 3", 0, 3, "1td is a window; it stands in brackets: change(1td)"),
        ("and last > 3", 0, 3, "a number or a condition is needed before and"),
        ("(" * 60 + "last", 51, 1, "brackets and signs are nested too deeply"),
        ("last > 1 or " * 400 + "last > 2", 0, 1, "a condition has at most 4000 characters"),
    ],
)
def test_a_fault_says_where_it_is_and_what_to_write(text, start, length, words):
    """The person who wrote the rule sees the place, not a traceback."""
    with pytest.raises(QueryError) as caught:
        parse_price(text, meant)
    assert (str(caught.value), caught.value.start, caught.value.length) == (words, start, length)


def test_every_part_keeps_the_text_it_was_written_as():
    """`why` shows the rule's own words."""
    texts = [node.text for node in parts(parse_price("not (last > 3 or -gap < 2%) and z(5td)>1", meant))]
    assert texts[:4] == [
        "not (last > 3 or -gap < 2%) and z(5td)>1",
        "not (last > 3 or -gap < 2%)",
        "(last > 3 or -gap < 2%)",
        "last > 3",
    ]
    assert "z(5td)>1" in texts


@settings(deadline=None)
@given(st.text(alphabet="lastzchnge_dwmro0123456789()+-*/%<>=! ,.andornot", max_size=60))
def test_no_text_is_worse_than_a_fault(text):
    """Whatever stands in a rule file, reading it ends with a condition or with words."""
    try:
        node = parse_price(text, meant)
    except QueryError:
        return
    assert node.is_condition
    assert read(node, sight()).truth in (True, False, None)


_ATOMS = {"last > 100": True, "last > 200": False, "change(31td) > 0": None}
_texts = st.recursive(
    st.sampled_from(sorted(_ATOMS)),
    lambda inner: st.one_of(
        inner.map(lambda t: f"not ({t})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda p: f"({p[0]}) {p[1]} ({p[2]})"),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(_texts)
def test_an_answer_is_known_only_if_what_is_unknown_cannot_change_it(text):
    """Kleene's logic: true and false hold whatever the missing number turns out to be."""
    unknown = "change(31td) > 0"
    said = truth(text)
    either = {truth(text.replace(unknown, known)) for known in ("last > 100", "last > 200")}
    if said is not None:
        assert either == {said}


@settings(deadline=None)
@given(_texts, _texts)
def test_de_morgan_holds_with_the_unknown(one, other):
    """`not (a and b)` and `not a or not b` are one rule."""
    assert truth(f"not (({one}) and ({other}))") is truth(f"not ({one}) or not ({other})")


@pytest.mark.parametrize(("left", "right"), list(itertools.product(sorted(_ATOMS), repeat=2)))
def test_and_is_the_least_and_or_the_greatest(left, right):
    """The truth tables, whole: false < unknown < true."""
    rank = {False: 0, None: 1, True: 2}
    values = [rank[_ATOMS[left]], rank[_ATOMS[right]]]
    assert rank[truth(f"{left} and {right}")] == min(values)
    assert rank[truth(f"{left} or {right}")] == max(values)
