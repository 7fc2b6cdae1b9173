"""What programs hand in, on the whole line: judged, decided, and missed when it stays away."""

import asyncio
from datetime import timedelta

import pytest

from tocsin.ingest.pushes import Push
from tocsin.model.entries import PUSH
from tocsin.sources.documents.items import Item
from tocsin.store.programs import RequestAnswer

DAY = timedelta(days=1)


@pytest.fixture
def desk(line):
    """A pipeline with the source `desk`: `desk(title)` hands a headline in, `desk()` looks for sources that are silent."""
    pipeline = line.pipeline()
    line.store.sync_sources([("desk", "items", PUSH)], line.clock.now())

    def act(*titles):
        items = [(Item(id=title, title=title), {"tier": ("trade",)}) for title in titles]
        push = Push(
            source="desk", items=items, size=9, answer=lambda found: RequestAnswer(status=200, text=str(len(found)))
        )
        asyncio.run(pipeline.push(push) if titles else pipeline.look_at_pushes())

    return act


def events(line):
    """The daemon's own events, the oldest first."""
    return [match.rule for match in reversed(line.store.read.matches()) if match.rule.startswith("tocsin/")]


def test_a_headline_that_is_handed_in_is_an_alert_with_a_message(line, desk):
    """The dispatcher is woken; a copy joins the alert."""
    desk("China bans gallium exports")
    desk("Beijing halts gallium exports, bans gallium shipments")
    assert [alert.labels["mineral"] for alert in line.store.read.alerts()][-1] == ("gallium",)
    assert line.store.read.deliveries()
    assert line.woken


def test_a_program_that_stays_away_is_told_once_and_so_is_its_return(line, desk):
    """It brought news every day: after three days without any its operators hear of it, as of a feed that is silent."""
    for number in range(30):
        desk(f"Report {number}")
        line.clock.move(days=1)
        desk()
    assert events(line) == []
    line.clock.move(days=3)
    desk()
    desk()
    assert events(line) == ["tocsin/source-silent"]
    assert line.store.read.source("desk").source.state == "silent"
    desk("Report 29")  # is known
    assert line.store.read.source("desk").source.state == "silent"
    desk("Report 99")
    assert events(line) == ["tocsin/source-silent", "tocsin/source-recovered"]
    assert line.store.read.source("desk").source.state == "ok"


def test_a_source_that_was_removed_or_never_used_is_not_missed(line, desk):
    """Nobody promised anything."""
    desk()
    for number in range(30):
        desk(f"Report {number}")
        line.clock.move(days=1)
    line.store.sync_sources([("other", "items", PUSH)], line.clock.now())
    line.clock.move(days=30)
    desk()
    assert events(line) == []
