"""Which alerts a silence hides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tocsin.model.alerts import Alert
from tocsin.model.rules import Severity
from tocsin.policy.notifying.silence import Silence, parse
from tocsin.render.reasons import in_words

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ALERT = Alert(
    id=1,
    rule="minerals/ban",
    rule_hash="",
    rule_position="",
    title="gallium: ban",
    event="trade.export.restrict",
    severity=Severity.HIGH,
    labels={"mineral": ("gallium", "germanium"), "country": ("cn",)},
    key=("gallium",),
    story_id=1,
    opened_at=NOON,
    updated_at=NOON,
    event_time=NOON,
)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("mineral=germanium", True),
        ("mineral = lithium", False),
        ("mineral!=lithium", True),
        ("company=gallium", False),
        ("rule=minerals/ban", True),
        ("rule=ban", True),
        ("rule=minerals", True),
        ("rule=mineral", False),
        ("event=trade", True),
        ("event=trade.export", True),
        ("event=tra", False),
        ("severity=high", True),
        ("severity<=medium", False),
        ("severity>=high", True),
        ("severity<critical", True),
        ("severity>high", False),
        ("severity!=high", False),
        ("severity<high", False),
    ],
)
def test_a_matcher_tests_rule_event_severity_or_a_label(text: str, hidden: bool) -> None:
    """The words that routes know, and an order of severities."""
    silence = Silence(id=3, matchers=(parse(text),), starts=NOON, ends=NOON)
    assert silence.hides(ALERT) is hidden


def test_all_matchers_must_hold() -> None:
    """A silence about lithium prices hides no other lithium."""
    silence = Silence(
        id=3, matchers=(parse("country=cn"), parse("mineral=gallium")), starts=NOON, ends=NOON, why="known"
    )
    assert silence.hides(ALERT)
    assert not silence.hides(replace(ALERT, labels={"country": ("cn",)}))
    assert in_words(silence.reason) == "suppressed by silence 3 (country=cn, mineral=gallium): known"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lithium", "is no matcher; write a name and a value"),
        ("=x", "is no matcher"),
        ("mineral=", "is no matcher"),
        ("severity=urgent", "there is no severity 'urgent'; the levels are info, low"),
        ("mineral>=x", "only severity has an order; write mineral=x"),
    ],
)
def test_what_is_no_matcher_says_what_to_write(text: str, words: str) -> None:
    """Who silences is in a hurry."""
    with pytest.raises(ValueError, match=words):
        parse(text)
