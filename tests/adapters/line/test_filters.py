"""Filters of sources on the whole line: what is dropped is stored, counted, explained, and no news later."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tocsin.config.config import parse_config
from tocsin.explain.decision import explain_stored
from tocsin.ingest.pushes import Push
from tocsin.model.entries import PUSH
from tocsin.sources.documents.items import Item
from tocsin.store.programs import RequestAnswer
from tocsin.store.queries.search import Wanted

BAN, LIFESTYLE = "China bans gallium exports", "Gallium halts the show: ban on boredom"
FEED = "sources:\n  wire: {{feed: https://wire.test{}}}\nreceivers: {{here: {{console: true, operator: true}}}}\n"


def filters(text=""):
    """The filter `text` of the source `wire`."""
    return parse_config(FEED.format(text and f", {text}"), Path("tocsin.yaml"), {}).filters


@pytest.fixture
def wire(line):
    """A feed past its first poll: `wire(titles, only=filter)` polls it once in a pipeline of its own."""
    source = line.list_source("wire", [[]])
    shown: list[str] = []

    def poll(*titles, only=""):
        shown[:] = [*titles, *shown]
        source.answers = [list(shown)]
        pipeline = line.pipeline(source)
        pipeline.inbound = replace(pipeline.inbound, filters=filters(only))
        line.clock.move(minutes=20)
        asyncio.run(pipeline.run_due())
        return [match.title for match in line.store.read.matches() if not match.rule.startswith("tocsin/")]

    poll()
    yield poll
    line.store.close()  # that of the last restart


def why_not(line, number):
    """The steps of the decision about an entry."""
    record, entry = line.store.read.record(number, "p/ban")
    rules = line.rules()
    return explain_stored(rules, rules.infos["p/ban"], record, entry, ZoneInfo("UTC")).decision


def test_a_dropped_entry_is_stored_counted_and_explained(line, wire):
    """No rule judges it, and nothing is lost without a trace."""
    assert wire(BAN, LIFESTYLE, only="drop: title(boredom)") == [BAN]
    view = line.store.read.source("wire").source
    assert (view.entries, view.dropped) == (2, 1)
    found = line.store.read.search_entries(Wanted(since=line.clock.now().replace(year=2000), met="dropped"))
    assert [one.title for one in found.entries] == [LIFESTYLE]
    steps = {step.name: step for step in why_not(line, found.entries[0].number)}
    assert steps["filter"].good is False
    assert "drop: title(boredom) (tocsin.yaml:2)" in steps["filter"].words
    statistics = line.store.read.statistics(line.clock.now().replace(year=2000), line.clock.now())
    assert (statistics.entries, statistics.dropped) == (2, 1)


def test_a_filter_that_is_removed_makes_no_old_news(line, wire):
    """What it dropped was seen. What comes afterwards is judged, and the count stays."""
    wire(LIFESTYLE, only="keep: title(tin)")
    assert wire() == []
    assert wire(BAN) == [BAN]
    assert line.store.read.source("wire").source.dropped == 1


def test_a_restart_forgets_no_verdict(line, wire):
    """The reason is in the row, and the document that is shown again brings nothing."""
    wire(LIFESTYLE, only="drop: title(boredom)")
    line.store.close()
    line.store = type(line.store).open(line.url, real_now=line.clock.now)
    assert line.store.read.source("wire").source.dropped == 1
    assert [entry.dropped.words for entry in line.store.read.history_entries()] == ["title(boredom)"]
    assert list(line.store.read.judged_entries(line.clock.now().replace(year=2000))) == []
    assert wire(only="drop: title(boredom)") == []


def test_what_a_program_hands_in_is_filtered_too(line):
    """Its answer says so."""
    pipeline = line.pipeline()
    line.store.sync_sources([("wire", "items", PUSH)], line.clock.now())
    pipeline.inbound = replace(pipeline.inbound, filters=filters("drop: title(boredom)"))
    items = [(Item(id=title, title=title), {}) for title in (BAN, LIFESTYLE)]
    said = []

    def answer(found):
        said.extend(item.state.value for item in found)
        return RequestAnswer(status=200, text="")

    asyncio.run(pipeline.push(Push(source="wire", items=items, size=9, answer=answer)))
    assert said == ["new", "dropped"]
    assert [match.title for match in line.store.read.matches()] == [BAN]
