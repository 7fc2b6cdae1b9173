"""Overrides, from the file to the delivery, by the whole service."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin.config.build import Factories
from tocsin.errors import ConfigError
from tocsin.model.deliveries import AttemptResult, Delivery, ErrorClass, Message, MessageKind
from tocsin.model.entries import Batch, Cursor, Entry, EntryKey, KeyKind
from tocsin.service.service import Service

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PACK = """\
tocsin: 1
pack: {id: metals, version: 1.0.0}
lists: {noise: [jewellery]}
rules:
  - id: ban
    severity: medium
    news:
      match: gallium NEAR/8 ban~
      severity_if: [{critical: total NEAR/3 ban~}]
    fires: [Gallium ban]
    quiet: [Gallium jewellery]
  - id: jewels
    news: {match: $noise}
    fires: [Gold jewellery]
    quiet: [Gold]
"""
CONFIG = """\
database: sqlite:///t.db
rules: [./rules]
sources: {wire: {feed: "https://example.org/feed"}}
receivers: {desk: {console: true}, mail: {console: true}}
routes: [{to: desk}]
"""


@dataclass
class World:
    """A world whose one source brings *titles* at its second poll, and whose receivers note what they are told."""

    folder: Path
    titles: tuple[str, ...]
    at: datetime = NOON
    told: list[tuple[str, str, str]] = field(default_factory=list)

    def now(self) -> datetime:
        """The time of this world: it is its own clock."""
        return self.at

    def run(self, overrides: str) -> list[tuple[str, str, str]]:
        """(receiver, severity, title) of everything that is told under *overrides*."""
        (self.folder / "rules").mkdir()
        (self.folder / "rules" / "pack.yaml").write_text(PACK, encoding="utf-8")
        config = self.folder / "config.yaml"
        config.write_text(CONFIG + overrides, encoding="utf-8")
        makers = Factories(
            source=lambda config, http, work: Wire(self), receiver=lambda config: Noted(config.name, self)
        )
        for _ in range(2):
            asyncio.run(Service(config, env={}, clock=self, makers=makers).once())
            self.at += timedelta(hours=1)
        return sorted(self.told)


@dataclass
class Wire:
    """The source of a fake world: its first poll is a baseline that brings nothing."""

    world: World
    name: str = "wire"

    async def poll(self, cursor: Cursor, now: datetime) -> Batch:
        """What is new."""
        titles = self.world.titles if cursor.etag else ()
        entries = tuple(
            Entry(
                source="wire",
                id=title,
                keys=(EntryKey(kind=KeyKind.ID, value=f"{n:032x}"),),
                title=title,
                first_seen=now,
                published=now,
            )
            for n, title in enumerate(titles)
        )
        return Batch(source="wire", entries=entries, cursor=Cursor(etag="x"), changed=True)


@dataclass
class Noted:
    """A receiver that notes."""

    name: str
    world: World
    kind: MessageKind = MessageKind.TEXT
    recipients: tuple[str, ...] = ("",)

    def send(self, delivery: Delivery, message: Message) -> AttemptResult:
        """Note it."""
        alerts = [content.alert for content in delivery.content]
        self.world.told += [(self.name, alert.severity.value, alert.rule) for alert in alerts]
        return AttemptResult(error_class=ErrorClass.OK)


BAN, JEWELS = "metals/ban", "metals/jewels"
CASES = {
    "none": ("", [("desk", "critical", BAN), ("desk", "medium", JEWELS)]),
    "disable": ("ban: {disable: true}", [("desk", "medium", JEWELS)]),
    "severity": ("ban: {severity: low}", [("desk", "low", BAN), ("desk", "medium", JEWELS)]),
    "to": ("metals/ban: {to: mail}", [("desk", "medium", JEWELS), ("mail", "critical", BAN)]),
    "unless": ("ban: {unless: title(total AND NOT $noise)}", [("desk", "medium", JEWELS)]),
    "lists of the pack": (
        "metals: {lists: {noise: [total]}}\n  ban: {unless: $noise}",
        [("desk", "medium", JEWELS)] * 2,
    ),
    "unless that does not hold": ("ban: {unless: $noise}", [("desk", "critical", BAN), ("desk", "medium", JEWELS)]),
}


@pytest.mark.parametrize(("override", "told"), CASES.values(), ids=CASES)
def test_an_override_decides_what_is_told_and_to_whom(
    tmp_path: Path, override: str, told: list[tuple[str, str, str]]
) -> None:
    """The pack is not touched, and the other rules are as they were."""
    world = World(tmp_path, ("Total gallium ban", "Gold jewellery"))
    assert world.run(f"overrides:\n  {override}\n" if override else "") == told


def test_an_override_of_a_rule_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    """Nobody believes that a rule is quiet which goes on."""
    with pytest.raises(ConfigError, match=r"there is no rule bam; did you mean ban\?"):
        World(tmp_path, ()).run("overrides:\n  bam: {disable: true}\n")


def test_a_start_logs_some_warnings_and_counts_the_rest(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A pack of thousands of rules with as many mistakes does not bury the log of a start."""
    world = World(tmp_path, ())
    (tmp_path / "more").mkdir()
    form = "  - {id: r%d, news: {match: metal, severity_if: [{high: l%d=x}]}, fires: [metal]}\n"
    rules = "".join(form % (n, n) for n in range(30))
    (tmp_path / "more" / "p.yaml").write_text(f"tocsin: 1\npack: {{id: more}}\nrules:\n{rules}", encoding="utf-8")
    world.run("")
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("[./rules]", "[./rules, ./more]"), encoding="utf-8")
    caplog.clear()
    makers = Factories(source=lambda config, http, work: Wire(world), receiver=lambda config: Noted(config.name, world))
    asyncio.run(Service(config, env={}, clock=world, makers=makers).once())
    lines = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    told = sum("warning in the configuration" in text for text in lines)
    counted = next(int(text.rpartition("count=")[2]) for text in lines if "more warnings" in text)
    assert told == 20
    assert counted >= 10


def test_a_start_logs_a_warning_once_for_all_its_places(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A label that no source has is one thing to mend, however many rules of a pack ask for it."""
    world = World(tmp_path, ())
    (tmp_path / "more").mkdir()
    form = "  - {id: r%d, news: {match: metal%d, severity_if: [{high: tier=primary}]}, fires: [metal%d]}\n"
    rules = "".join(form % (n, n, n) for n in range(3))
    (tmp_path / "more" / "p.yaml").write_text(f"tocsin: 1\npack: {{id: more}}\nrules:\n{rules}", encoding="utf-8")
    world.run("")
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("[./rules]", "[./rules, ./more]"), encoding="utf-8")
    caplog.clear()
    makers = Factories(source=lambda config, http, work: Wire(world), receiver=lambda config: Noted(config.name, world))
    asyncio.run(Service(config, env={}, clock=world, makers=makers).once())
    told = [record.getMessage() for record in caplog.records if "label tier" in record.getMessage()]
    assert len(told) == 1
    assert "other_places=2" in told[0]
