"""What of a rewritten entry people must hear."""

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.model.alerts import Alert
from tocsin.model.entries import Entry
from tocsin.model.rules import Evidence, Hit, Judged, Match, Severity, Span, Unevaluated
from tocsin.policy.alerting.correction import Claim, Wording, due, matters, quoted

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BAN = "China bans gallium exports"
GALLIUM = {"mineral": ("gallium",)}
BOTH = {"mineral": ("gallium", "germanium")}


def _claim(title, *, text="", labels=GALLIUM, quotes=()):
    alert = Alert(
        id=1,
        rule="p/export",
        rule_hash="h",
        rule_position="p.yaml:1",
        title="gallium",
        event="trade.export",
        severity=Severity.HIGH,
        labels=GALLIUM,
        key=("gallium",),
        story_id=1,
        opened_at=NOW,
        updated_at=NOW,
        event_time=NOW,
    )
    return Claim(alert=alert, to=("desk", "a"), wording=Wording(title=title, text=text), labels=labels, quotes=quotes)


def _judged(world, title, *, text="", labels=GALLIUM, severity=Severity.HIGH, failed=False):
    """What the rules say of the new wording; without *labels* it meets none."""
    entry = Entry(source="wire", id="1", keys=(), title=title, summary=text, first_seen=NOW)
    proof = Evidence(op="rule", text="", holds=True)
    match = Match(rule=world.rule(), severity=severity, labels=labels or {}, proof=proof, event_time=NOW, entry=entry)
    raised = (Unevaluated(rule="p/export", rule_hash="h", error="x"),) if failed else ()
    return Judged(entry=entry, matches=(match,) if labels and not failed else (), unevaluated=raised)


@pytest.mark.parametrize(
    ("before", "after", "labels", "told"),
    [
        pytest.param(BAN, "China denies a gallium ban", None, True, id="no longer met"),
        pytest.param(BAN, "China bans cobalt exports", {"mineral": ("cobalt",)}, True, id="something else"),
        pytest.param(BAN, "China bans gallium, germanium exports", BOTH, True, id="more"),
        pytest.param(BAN, "China bans exports of gallium", GALLIUM, False, id="reworded"),
        pytest.param("Ban of 5% hits gallium", "Ban of 50% hits gallium", GALLIUM, True, id="number"),
        pytest.param("Gallium ban: up 12.50%", "Gallium ban: up 14.50%", GALLIUM, True, id="decimals are no clock"),
        pytest.param("Sells 500 shares on gallium ban", "Sells 900 shares on gallium ban", GALLIUM, True, id="shares"),
        pytest.param(f"UPDATE 1-{BAN}", f"UPDATE 3-{BAN}", GALLIUM, False, id="edition"),
        pytest.param(f"{BAN} (updated 9:05 am)", f"{BAN} (updated 10.32 GMT)", GALLIUM, False, id="clock"),
        pytest.param(f"10:32 - {BAN}", f"11:47 - {BAN}", GALLIUM, False, id="clock before"),
        pytest.param(f"{BAN} (3)", f"{BAN} [12 comments]", GALLIUM, False, id="counter"),
        pytest.param(f"{BAN} - 3 photos", f"{BAN} - 9 photos", GALLIUM, False, id="pictures"),
        pytest.param(f"{BAN} - Reuters", f"{BAN} | Metal Wire", GALLIUM, False, id="outlet"),
        pytest.param("中国禁止镓出口_新浪财经", "中国禁止镓出口｜中国新闻网", GALLIUM, False, id="outlet in Chinese"),
        pytest.param(f"Live: {BAN}", "Live: lithium falls", None, False, id="live page"),
        pytest.param(BAN, "Metals live blog: lithium falls", None, False, id="became a live page"),
        pytest.param("Live cattle: gallium ban", "Live cattle: none", None, True, id="live cattle"),
        pytest.param(BAN, f"CORRECTED-{BAN}", GALLIUM, True, id="corrected"),
        pytest.param(BAN, f"{BAN} (correction)", GALLIUM, True, id="in brackets"),
        pytest.param(BAN, f"更正：{BAN}", GALLIUM, True, id="in Chinese"),
        pytest.param(f"CORRECTED-{BAN}", f"CORRECTED 2-{BAN}", GALLIUM, False, id="was corrected before"),
        pytest.param(BAN, f"{BAN}, prices in correction", GALLIUM, False, id="a correction of prices"),
        pytest.param(BAN, "中国撤回镓出口禁令", GALLIUM, False, id="a ban withdrawn is news, no mark"),
    ],
)
def test_a_headline_matters_when_what_was_told_is_wrong(world, before, after, labels, told):
    """A correction that corrects nothing is a false alert; one that is missing leaves people with what is wrong."""
    assert matters(_claim(before), Wording(title=after), _judged(world, after, labels=labels)) is told


@pytest.mark.parametrize(
    ("after", "labels", "told"),
    [
        ("Read more.", None, False),
        ("China bans gallium.", GALLIUM, False),
        ("China bans gallium, and germanium.", BOTH, True),
        ("Correction: China bans nothing.", None, True),
        ("3 hours ago: China bans gallium today.", GALLIUM, False),
    ],
    ids=["cut short", "shorter", "more", "says so", "another count"],
)
def test_a_text_matters_when_it_adds_something_or_says_so(world, after, labels, told):
    """Texts below a headline come and go: only what is new in them is news."""
    claim = _claim("Beijing speaks", text="2 hours ago: China bans gallium today.")
    now = Wording(title="Beijing speaks", text=after)
    assert matters(claim, now, _judged(world, "Beijing speaks", text=after, labels=labels)) is told


QUOTE = "The ministry bans 30% of gallium exports to the States."
LEAD = "Traders met on Monday. "


@pytest.mark.parametrize(
    ("after", "labels", "told"),
    [
        pytest.param(
            f"{LEAD}The ministry reviews 30% of gallium exports to the States.", None, True, id="no longer met"
        ),
        pytest.param(f"{LEAD}The ministry bans now 50% of gallium exports to the States.", GALLIUM, True, id="number"),
        pytest.param(f"{LEAD}The ministry has banned 30% of gallium exports.", GALLIUM, False, id="reworded"),
        pytest.param(f"{LEAD}Read more.", None, False, id="cut short"),
        pytest.param("", None, False, id="gone"),
        pytest.param(f"Lunch was served. {QUOTE}", GALLIUM, False, id="another sentence"),
        pytest.param(f"Cobalt falls. {QUOTE}", None, False, id="the same sentence, in a rule that changed"),
    ],
)
def test_a_quoted_sentence_that_is_rewritten_counts_as_a_headline_does(world, after, labels, told):
    """Who was quoted the text below an empty headline was told by it."""
    claim = _claim("Beijing speaks", text=LEAD + QUOTE, quotes=(QUOTE,))
    now = Wording(title="Beijing speaks", text=after)
    assert matters(claim, now, _judged(world, "Beijing speaks", text=after, labels=labels)) is told
    unquoted = _claim("Beijing speaks", text=LEAD + QUOTE)
    assert not matters(unquoted, now, _judged(world, "Beijing speaks", text=after, labels=labels))


def test_a_quote_is_the_sentence_that_holds_the_words():
    """Of a long text only what was shown was told."""
    text = LEAD + QUOTE + " Nothing else."
    at = text.index("bans")
    proof = Evidence(
        op="rule",
        text="",
        holds=True,
        hits=(Hit(spans=(Span(field="summary", start=at, end=at + 4), Span(field="title", start=0, end=4))),),
    )
    assert [quote.strip() for quote in quoted("summary", text, proof)] == [QUOTE]
    assert (quoted("body", text, proof), quoted("summary", text, None)) == ((), ())


def test_a_louder_wording_matters(world):
    """A hedge that falls away makes it a fact."""
    judged = _judged(world, "China has banned gallium exports", severity=Severity.CRITICAL)
    assert matters(_claim(BAN), Wording(title="China has banned gallium exports"), judged)


def test_what_is_withdrawn_always_matters(world):
    """Nothing is left of it."""
    assert matters(_claim(BAN), Wording(title=""), None)


def test_a_rule_that_raised_says_nothing(world):
    """An error in a rule is no news about the world."""
    assert not matters(_claim(BAN), Wording(title="Else"), _judged(world, "Else", failed=True))


def test_who_heard_that_it_does_not_hold_hears_when_it_does(world):
    """And nothing about further wordings that do not hold either."""
    claim = _claim("China denies a ban", labels=None)
    assert matters(claim, Wording(title=BAN), _judged(world, BAN))
    assert not matters(claim, Wording(title="China smiles"), _judged(world, "China smiles", labels=None))


@pytest.mark.parametrize(
    ("last", "withdrawn", "wait"),
    [(None, False, 0), (-7, False, 0), (-2, False, 4), (3, False, 3), (-2, True, 0), (3, True, 0)],
    ids=["first", "long ago", "lately", "one waits", "withdrawn", "withdrawn while one waits"],
)
def test_an_alert_is_corrected_at_most_once_in_six_hours(last, withdrawn, wait):
    """What changes meanwhile is told at the end; that it is withdrawn at once."""
    before = None if last is None else NOW + timedelta(hours=last)
    assert due(before, NOW, withdrawn=withdrawn) == NOW + timedelta(hours=wait)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Wording(title=BAN), Wording(title=f"{BAN}!"), True),
        (Wording(title=BAN, text="A 1, b."), Wording(title=BAN, text="a 2 b"), True),
        (Wording(title=BAN, text="a"), Wording(title=BAN, text="b"), False),
        (Wording(title=BAN), Wording(title="Else"), False),
        (Wording(title=BAN), Wording(title=f"CORRECTED-{BAN}"), False),
    ],
    ids=["marks", "numbers below", "text", "headline", "mark of a correction"],
)
def test_wordings_that_say_the_same(one, other, same):
    """What is the same is neither stored nor judged again."""
    assert one.same(other) is same
