"""What happens to the daemon's files while it runs: its database, its configuration, its disk."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

World = Any
BAN = "China bans exports of gallium"


def lines(daemon: Any, words: str) -> list[str]:
    """The lines of its log with *words*."""
    return [line for line in daemon.log if words in line]


def write_slowly(path: Path, text: str, pieces: int = 6, pause: float = 0.9) -> None:
    """Write as somebody does whose disk or editor is slow."""
    with path.open("w", encoding="utf-8") as file:
        for n in range(pieces):
            file.write(text[len(text) * n // pieces : len(text) * (n + 1) // pieces])
            file.flush()
            time.sleep(pause)


OPERATOR = "  ops: {url: '${HOOK}', rate: 6000, operator: true}\n"


def with_operator(world: World, feeds: int = 1, *, extra: str = "") -> None:
    """The usual configuration, with somebody who hears of the daemon's own health."""
    world.configure(feeds, extra=extra)
    text = world.config.read_text(encoding="utf-8")
    world.config.write_text(text.replace("receivers:\n", f"receivers:\n{OPERATOR}"), encoding="utf-8")


@pytest.mark.parametrize(
    ("lose", "restored"),
    [
        pytest.param(lambda folder: [file.unlink() for file in folder.glob("tocsin.db*")], True, id="deleted"),
        pytest.param(lambda folder: (folder / "tocsin.db-wal").unlink(), True, id="its log deleted"),
        pytest.param(
            lambda folder: shutil.copy(folder / "tocsin.db", folder / "new").rename(folder / "tocsin.db"),
            False,
            id="replaced",
        ),
    ],
)
def test_a_database_that_is_taken_away_stops_the_daemon_and_loses_nothing(
    world: World, lose: Any, restored: bool
) -> None:
    """It says so in the log and to operators, ends with 74, and goes on at the next start where it was."""
    with_operator(world)
    daemon = world.start()
    world.baseline()
    world.web.publish("wire0", BAN)
    daemon.wait_for("delivered receiver=mail")
    daemon.wait_for("delivered receiver=desk")
    lose(world.folder)
    assert daemon.wait() == 74
    assert lines(daemon, "database lost reason=")
    assert lines(daemon, "while tocsin worked on it: stop tocsin before you touch its database")
    assert lines(daemon, "operator notified receiver=ops")
    assert any("Database lost, tocsin stops: " in str(post) for _, post in world.web.posts)
    saved = world.folder / "tocsin.db"
    if not restored:
        (saved,) = world.folder.glob("tocsin.db.rescued-*")
        assert lines(daemon, f"database saved file={saved}")
        shutil.move(saved, world.folder / "tocsin.db")
    again = world.start()
    polled = world.web.polled("wire0")
    world.until(lambda: world.web.polled("wire0") > polled + 1, "two more polls")
    world.web.publish("wire0", "Congo halts shipments of cobalt")
    world.until(lambda: any("cobalt" in mail["Subject"] for _, mail in world.mailbox.mails), "the next alert")
    assert again.stop() == 0
    assert len(world.mailbox.mails) == 2
    assert len(world.listing("alerts", "list")) == 2


def test_one_damaged_row_stops_one_source_and_says_so(world: World) -> None:
    """The others are polled and alert; operators hear of the damage, and so does the log, once."""
    with_operator(world, 3)
    daemon = world.start()
    world.baseline(3)
    with sqlite3.connect(world.folder / "tocsin.db", timeout=20) as database:
        database.execute("UPDATE source SET first_polled = 'yesterday' WHERE name = 'wire1'")
    database.close()
    daemon.wait_for("row damaged, not used any more kind=source name=wire1")
    world.until(lambda: any("source wire1" in str(post) for _, post in world.web.posts), "the operator")
    world.web.publish("wire2", BAN)
    world.until(lambda: world.mailbox.mails, "the mail")
    assert daemon.stop() == 0
    assert len(lines(daemon, "row damaged")) == 1
    assert len(lines(daemon, "store failed")) <= 1


def test_a_configuration_that_is_half_written_is_not_adopted(world: World) -> None:
    """Half of it is good YAML: it has fewer sources, and nobody would hear of the others."""
    world.configure(3)
    daemon = world.start()
    world.baseline(3)
    text = world.config.read_text(encoding="utf-8")
    write_slowly(world.config, text + "# the same again\n")
    daemon.wait_for("reloaded")
    assert not lines(daemon, "gone with the reload")
    assert not lines(daemon, "reload refused")
    assert len(lines(daemon, "reloaded")) == 1
    assert "sources=3" in lines(daemon, "reloaded")[0]
    assert daemon.stop() == 0


def test_what_a_reload_leaves_out_is_said_loudly(world: World) -> None:
    """With its names, in the log and to operators: it may have been a mistake."""
    with_operator(world, 3)
    daemon = world.start()
    world.baseline(3)
    text = world.config.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if "wire2:" not in line and "  mail:" not in line]
    world.config.write_text("\n".join(kept).replace("[mail, desk]", "[desk]") + "\n", encoding="utf-8")
    daemon.wait_for("reloaded")
    assert lines(daemon, "gone with the reload kind=sources count=1 names=wire2")
    assert lines(daemon, "gone with the reload kind=receivers count=1 names=mail")
    world.until(lambda: sum("Gone with the new" in str(post) for _, post in world.web.posts) >= 1, "the operator")
    assert daemon.stop() == 0


def test_a_reload_that_needs_a_restart_is_refused_with_the_reason(world: World) -> None:
    """To say “reloaded” and go on with the old database would deceive."""
    world.configure()
    daemon = world.start()
    world.baseline()
    text = world.config.read_text(encoding="utf-8")
    other = text.replace("sqlite:///tocsin.db", "sqlite:///other.db")
    world.config.write_text(f"{other}http: {{contact: ops@example.org}}\n")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for("reload refused problems=2")
    assert lines(daemon, "other.db and was sqlite:///")
    assert lines(daemon, "http.contact changed, but is read only at a start: restart tocsin, or undo the change")
    world.config.write_text(text, encoding="utf-8")
    daemon.wait_for("reloaded")
    assert daemon.stop() == 0
    assert not (world.folder / "other.db").exists()


def test_a_source_that_is_renamed_while_it_runs_brings_its_news(world: World) -> None:
    """With other labels and another interval, too: what it published meanwhile is told."""
    world.configure(2)
    daemon = world.start()
    world.baseline(2)
    text = world.config.read_text(encoding="utf-8")
    renamed = text.replace("wire0:", "paper:").replace("every: 1s", "every: 2s, labels: {tier: trade}")
    swapped = renamed.replace("wire1:", "agency:")
    world.config.write_text(swapped, encoding="utf-8")
    world.web.publish("wire0", BAN)
    daemon.wait_for("reloaded")
    world.until(lambda: world.mailbox.mails, "the mail")
    assert daemon.stop() == 0
    assert not lines(daemon, "gone with the reload")
    names = {source["name"]: source["disabled"] for source in world.listing("sources", "list")}
    assert names == {"paper": False, "agency": False}
