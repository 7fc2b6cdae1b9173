"""The promises, kept by the daemon as a process."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

World = Any
KILLING = (Path(__file__).parent / "killing.py").read_text(encoding="utf-8")
BAN = "China bans exports of gallium"


def subjects(world: World) -> list[str]:
    """The subjects of the mails that came."""
    return [mail["Subject"] for _, mail in world.mailbox.mails]


def test_a_new_entry_becomes_a_mail_and_a_slack_message(world: World) -> None:
    """The main job: within seconds, in both places, with the proof, and no secret in the log."""
    world.configure()
    daemon = world.start()
    world.baseline()
    published = world.web.publish("wire0", BAN)
    world.until(lambda: world.mailbox.mails and world.web.posts, "mail and message")
    assert world.mailbox.mails[0][0] - published < 10
    assert world.web.posts[0][0] - published < 10
    mail = world.mailbox.mails[0][1]
    assert "gallium: export ban" in mail["Subject"]
    assert mail["To"] == "desk@example.org"
    assert (mail["X-Priority"], mail["Importance"]) == ("2", "high")
    plain = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    assert BAN in plain
    assert "metals/ban" in plain
    assert "gallium" in html
    text = str(world.web.posts[0][1])
    assert BAN in text
    assert "http://news.example/" in text
    assert daemon.stop() == 0
    assert not daemon.says("c4nary"), "".join(daemon.log)
    for file in world.folder.glob("tocsin.db*"):
        assert b"c4nary" not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0


def test_the_log_is_json_for_programs_and_says_what_the_first_fetch_held(world: World) -> None:
    """Each line is one object without a secret; who installs it today learns what it would have sent."""
    world.configure()
    world.web.publish("wire0", BAN)
    daemon = world.launch("run", "--config", str(world.config), "--log", "json", "--log-level", "debug")
    daemon.wait_for("what the first fetch held is history and was not sent")
    assert daemon.stop() == 0
    lines = [json.loads(line) for line in daemon.log]
    assert {"started", "draining", "stopped"} <= {line["event"] for line in lines}
    (held,) = (line for line in lines if line["event"].startswith("what the first fetch held"))
    assert (held["level"], held["source"], held["matches"]) == ("info", "wire0", 1)
    assert held["see"] == "tocsin alerts list --suppressed"
    assert not daemon.says("c4nary")
    assert world.run("alerts", "list", "--suppressed", "--config", str(world.config), "--json").count(BAN) == 1


def test_twenty_feeds_with_one_headline_give_one_alert(world: World) -> None:
    """Syndication within one tick: one alert, one mail, one message, twenty entries."""
    world.configure(feeds=20)
    daemon = world.start()
    world.baseline(feeds=20)
    for n in range(20):
        world.web.publish(f"wire{n}", f"{BAN} - Outlet {n}")
    seen = [world.web.polled(f"wire{n}") for n in range(20)]
    world.until(lambda: all(world.web.polled(f"wire{n}") > seen[n] + 1 for n in range(20)), "two more polls of each")
    world.until(lambda: world.mailbox.mails and world.web.posts, "mail and message")
    assert daemon.stop() == 0
    assert len(world.listing("alerts", "list")) == 1
    assert len(world.mailbox.mails) == len(world.web.posts) == 1
    (alert,) = world.listing("alerts", "show", "1")
    assert len(alert["members"]) == 20


def test_a_webhook_that_is_down_gets_the_message_later_and_the_mail_does_not_wait(world: World) -> None:
    """At least once, and one receiver's trouble is not another's."""
    world.configure()
    world.web.hook_status = 503
    daemon = world.start()
    world.baseline()
    world.web.publish("wire0", BAN)
    world.until(lambda: world.mailbox.mails, "the mail")
    daemon.wait_for("delivery failed")
    world.web.hook_status = 200
    world.until(lambda: world.web.posts, "the message, after the webhook is back")
    daemon.wait_for("delivered receiver=desk")
    daemon.stop()
    assert (len(world.mailbox.mails), len(world.web.posts)) == (1, 1)
    (delivery,) = [d for d in world.listing("deliveries", "list") if d["receiver"] == "desk"]
    (detail,) = world.listing("deliveries", "show", delivery["id"])
    outcomes = [attempt["outcome"] for attempt in detail["attempts"]]
    assert outcomes[-1] == "ok"
    assert set(outcomes[:-1]) == {"transient"}
    assert "down for maintenance" in detail["attempts"][0]["words"]


@pytest.mark.parametrize(
    ("point", "copies", "tries"),
    [("before-commit", 1, 1), ("before-send", 1, 1), ("before-settle", 2, 2)],
    ids=["between evaluate and commit", "between commit and send", "between send and settle"],
)
def test_kill_9_loses_nothing(world: World, point: str, copies: int, tries: int) -> None:
    """After the restart everybody is told; the only possible repetition is on record, under the same Message-ID."""
    world.configure()
    doomed = world.start(point, str(world.config), script=KILLING)
    world.baseline()
    world.web.publish("wire0", BAN)
    assert doomed.wait() == -signal.SIGKILL
    before = len(world.mailbox.mails) + len(world.web.posts)
    assert bool(before) is (point == "before-settle")
    daemon = world.start()
    daemon.wait_for("delivered receiver=mail")
    daemon.wait_for("delivered receiver=desk")
    daemon.stop()
    assert len(world.listing("alerts", "list")) == 1
    deliveries = world.listing("deliveries", "list")
    assert sorted((d["receiver"], d["state"]) for d in deliveries) == [("desk", "delivered"), ("mail", "delivered")]
    assert max(d["attempts"] for d in deliveries) == tries
    assert max(len(world.mailbox.mails), len(world.web.posts)) == copies
    assert len({mail["Message-ID"] for _, mail in world.mailbox.mails}) == 1
    assert len({str(post) for _, post in world.web.posts}) <= copies
    if point == "before-settle":
        doubtful = next(d for d in deliveries if d["attempts"] == 2)
        (detail,) = world.listing("deliveries", "show", doubtful["id"])
        assert [attempt["outcome"] for attempt in detail["attempts"]] == ["ambiguous", "ok"]


def test_a_corrected_headline_is_told_with_both_wordings_though_the_daemon_dies(world: World) -> None:
    """Killed between evaluate and commit, it tells one correction after its restart, by mail and by Slack."""
    world.configure()
    first = world.start()
    world.baseline()
    world.web.publish("wire0", BAN)
    world.until(lambda: world.mailbox.mails and world.web.posts, "mail and message")
    assert first.stop() == 0
    doomed = world.start("before-commit", str(world.config), script=KILLING)
    world.web.rewrite("wire0", BAN, "China denies a plan on exports of gallium")
    assert doomed.wait() == -signal.SIGKILL
    daemon = world.start()
    daemon.wait_for("delivered receiver=mail")
    daemon.wait_for("delivered receiver=desk")
    daemon.stop()
    corrections = [mail for _, mail in world.mailbox.mails if "Correction: " in mail["Subject"]]
    assert len(corrections) == 1
    assert corrections[0]["Subject"].endswith(
        "Correction: gallium: export ban - China denies a plan on exports of gallium"
    )
    words = f"It now says: “China denies a plan on exports of gallium”. It said: “{BAN}”"
    for part in ("plain", "html"):
        assert words in " ".join(corrections[0].get_body((part,)).get_content().split())
    assert words in str([post for _, post in world.web.posts][-1])
    kinds = [item["kind"] for item in world.listing("deliveries", "list")]
    assert sorted(kinds) == ["alert", "alert", "correction", "correction"]


def test_a_second_daemon_on_the_same_database_is_refused(world: World) -> None:
    """Two daemons would tell everything twice."""
    world.configure()
    world.start()
    second = world.launch("run", "--config", str(world.config))
    assert second.wait() == 1
    assert second.says("another tocsin")


def test_reload_takes_what_is_good_and_keeps_what_ran_otherwise(world: World) -> None:
    """A changed file is enough, SIGHUP works too, and a typo stops nothing."""
    world.configure()
    daemon = world.start()
    world.baseline()
    rules = world.folder / "rules" / "metals.yaml"
    good = rules.read_text(encoding="utf-8")
    rules.write_text(good.replace("ban~ OR halt~", "$nothing"), encoding="utf-8")
    daemon.wait_for("reloaded")
    world.web.publish("wire0", BAN)
    world.until(lambda: world.mailbox.mails, "the old rules at work")
    rules.write_text(good.replace("export ban", "embargo"), encoding="utf-8")
    daemon.process.send_signal(signal.SIGHUP)
    world.until(lambda: sum("reloaded" in line for line in daemon.log) >= 2, "the second reload")
    world.web.publish("wire0", "Congo halts shipments of cobalt")
    world.until(lambda: any("cobalt: embargo" in s for s in subjects(world)), "the new rules at work")
    world.config.write_text("database: sqlite:///tocsin.db\nsources: [", encoding="utf-8")
    daemon.wait_for("reload refused")
    (status,) = world.listing("status")
    assert status["workers"][0]["process"]["pid"] == daemon.process.pid
    assert status["verdict"].startswith("tocsin runs, but: the changed configuration was refused")
    world.web.publish("wire0", "Vietnam bans antimony exports to its neighbours")
    world.until(lambda: any("antimony" in s for s in subjects(world)), "the last good configuration at work")
    assert daemon.stop() == 0


def test_a_bad_configuration_is_exit_78_with_every_fault(world: World) -> None:
    """Systemd does not restart what cannot start, and the operator reads all of it at once."""
    world.configure(extra="timezon: UTC\nretention: 5\n")
    daemon = world.launch("run", "--config", str(world.config))
    assert daemon.wait() == 78
    log = "".join(daemon.log)
    assert "unknown key timezon; did you mean timezone?" in log
    assert "retention needs a unit" in log
    assert "2 problems; nothing was started." in log


def test_once_is_one_cycle_for_cron(world: World) -> None:
    """Poll what is due, send what is due, end."""
    world.configure()
    world.run("once", "--config", str(world.config))
    world.web.publish("wire0", BAN)
    time.sleep(1.2)  # the source's own interval, which is real here
    world.run("once", "--config", str(world.config))
    assert (len(world.mailbox.mails), len(world.web.posts)) == (1, 1)


def test_a_dry_run_sends_nothing_and_changes_nothing(world: World) -> None:
    """On a copy of the database, to the console only."""
    world.configure()
    world.run("once", "--config", str(world.config))
    world.web.publish("wire0", BAN)
    time.sleep(1.2)
    printed = world.run("once", "--dry-run", "--config", str(world.config))
    assert BAN in printed
    assert (world.mailbox.mails, world.web.posts) == ([], [])
    with sqlite3.connect(world.folder / "tocsin.db") as database:
        assert database.execute("select count(*) from alert").fetchone() == (0,)


def test_sigterm_drains_and_ends_with_0(world: World) -> None:
    """A stop is not a crash."""
    world.configure()
    daemon = world.start()
    assert daemon.stop() == 0
    assert daemon.says("draining")
    assert daemon.says("stopped")


def test_systemd_hears_ready_watchdog_reload_and_stop(world: World) -> None:
    """Type=notify: the manager knows what goes on."""
    import socket

    world.configure()
    address = str(world.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(20)
        script = (
            f"import os; os.environ['NOTIFY_SOCKET'] = {address!r}; os.environ['WATCHDOG_USEC'] = '600000';"
            "from tocsin.cli import main; main()"
        )
        daemon = world.start(script=script)
        heard = ""
        while "WATCHDOG=1" not in heard:
            heard += manager.recv(4096).decode() + "\n"
        assert "READY=1" in heard
        assert "watching 1 source with 1 rule" in heard
        daemon.process.send_signal(signal.SIGHUP)
        while "RELOADING=1" not in heard:
            heard += manager.recv(4096).decode() + "\n"
        daemon.process.send_signal(signal.SIGTERM)
        while "STOPPING=1" not in heard:
            heard += manager.recv(4096).decode() + "\n"
        assert daemon.wait() == 0


def test_a_test_is_sent_by_the_daemon_that_runs(world: World) -> None:
    """What is tested is what tells: the same process, template, outbox and server; and without a daemon the command does it."""
    world.configure()
    alone = world.test_message("mail")
    daemon = world.start()
    beside = world.test_message()
    assert daemon.stop() == 0
    results = [*alone, *beside]
    assert [(result["receiver"], result["state"], result["code"]) for result in results] == [
        ("mail", "delivered", 250),
        ("mail", "delivered", 250),
        ("desk", "delivered", 200),
    ]
    sent = [delivery["id"] for delivery in world.listing("deliveries", "list")]
    assert {result["id"] for result in results} == set(sent)
    assert [subject for subject in subjects(world) if "TEST" in subject] == [
        "[TEST] Test: this is how an alert arrives - tocsin can reach you here"
    ] * 2
    assert daemon.says("delivered receiver=desk")
