"""What people and scripts see of the program."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass, Message, MessageKind, Settlement
from tocsin.model.reasons import Cause, Reason
from tocsin.policy.notifying.retry import Consequence, ReceiverStatus
from tocsin.store.db import codec

Tocsin = Any


def records(result: Any) -> list[dict[str, Any]]:
    """The JSON lines on stdout."""
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("listing", "words"),
    [("sources", "Nothing was polled yet"), ("alerts", "No alerts yet"), ("deliveries", "No deliveries yet")],
)
def test_an_empty_listing_says_so_on_stderr(tocsin: Tocsin, listing: str, words: str) -> None:
    """A script that counts lines gets none; a person gets a sentence."""
    result = tocsin(listing, "list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert words in result.stderr


def test_sources_are_listed_and_shown(tocsin: Tocsin, history: Any) -> None:
    """State, counts and the last error; no password."""
    history()
    listed = tocsin("sources", "list")
    assert "failing (1)" in listed.stdout
    assert "no such host" in listed.stdout
    shown = tocsin("sources", "show", "wire")
    assert "2 polls, 2 entries" in shown.stdout
    assert "https://me:***@example.org/feed" in shown.stdout
    assert "network: no such host" in tocsin("sources", "show", "bad").stdout
    assert "s3cret" not in shown.stdout + listed.stdout
    (record,) = records(tocsin("sources", "show", "wire", "--json"))
    assert record["entries"] == 2
    assert len(records(tocsin("sources", "list", "--json"))) == 2
    missing = tocsin("sources", "show", "wier")
    assert missing.exit_code == 2
    assert "no source is named 'wier'; there are: bad, wire" in missing.stderr


def test_alerts_show_their_proof(tocsin: Tocsin, history: Any) -> None:
    """The tree, the coverage, who was told; feed text cannot steer the terminal."""
    history()
    assert "gallium: ban" in tocsin("alerts", "list").stdout
    shown = tocsin("alerts", "show", "1")
    for words in ("HIGH gallium: ban", "metals/ban", "NEAR/8", "mineral=gallium", "delivered to here", "dead to desk"):
        assert words in shown.stdout
    assert "\x1b" not in shown.stdout
    (record,) = records(tocsin("alerts", "show", "1", "--json"))
    assert record["content"]["evidence"]["holds"] is True
    assert len(records(tocsin("alerts", "list", "--json"))) == 1
    assert tocsin("alerts", "show", "7").exit_code == 2


def test_deliveries_are_listed_shown_and_sent_again(tocsin: Tocsin, history: Any) -> None:
    """The reason of a death, every try, and a way back."""
    history()
    assert "gone 404" in tocsin("deliveries", "list").stdout
    (dead,) = records(tocsin("deliveries", "list", "--state", "dead", "--json"))
    shown = tocsin("deliveries", "show", dead["id"])
    assert "try 1" in shown.stdout
    assert "the text of the message" in shown.stdout
    again = tocsin("deliveries", "resend", dead["id"])
    assert again.exit_code == 0
    assert "is sent at the daemon's next tick" in again.stderr
    assert [r["resend_of"] for r in records(tocsin("deliveries", "list", "--state", "ready", "--json"))] == [dead["id"]]
    (record,) = records(tocsin("deliveries", "show", dead["id"], "--json"))
    assert record["attempts"][0]["code"] == 404
    assert tocsin("deliveries", "show", "nope").exit_code == 2
    assert tocsin("deliveries", "show", dead["id"][:8]).stdout == shown.stdout
    both = tocsin("deliveries", "show", "")
    assert (both.exit_code, "write more of the id" in both.stderr) == (2, True)
    refused = tocsin("deliveries", "resend", "nope")
    assert refused.exit_code == 2
    assert "there is no delivery nope" in refused.stderr


def test_a_silence_is_tried_made_listed_and_ended(tocsin: Tocsin, history: Any) -> None:
    """With an end that must be given, and a look at what it would have hidden."""
    history()
    (alert,) = records(tocsin("alerts", "list", "--json"))
    label = next(f"{name}={values[0]}" for name, values in alert["labels"].items())
    assert "needs an end" in tocsin("silences", "add", label).stderr
    assert "is in the past" in tocsin("silences", "add", label, "--until", "2001-01-01T00:00").stderr
    assert "is no matcher" in tocsin("silences", "add", "x", "--for", "1h").stderr
    tried = tocsin("silences", "add", label, "--for", "4h", "--preview")
    assert "nothing was written" in tried.stderr
    assert "There are no silences" in tocsin("silences", "list").stderr
    made = records(tocsin("silences", "add", label, "--for", "4h", "--why", "known", "--by", "ann", "--json"))
    assert (made[0]["by"], made[0]["why"]) == ("ann", "known")
    listed = tocsin("silences", "list").stdout
    assert label in listed
    assert "ann" in listed
    assert "has ended" in tocsin("silences", "end", "1").stderr
    assert tocsin("silences", "end", "1").exit_code == 2
    assert tocsin("silences", "end", "9").exit_code == 2
    assert tocsin("alerts", "ack", "9").exit_code == 2
    assert records(tocsin("silences", "list", "--json")) == []
    assert len(records(tocsin("silences", "list", "--all", "--json"))) == 1


def test_what_was_given_up_is_sent_again_in_one_go(tocsin: Tocsin, history: Any) -> None:
    """After a night without a mail server nobody copies ids; and what was sent again is not sent a third time."""
    history()
    (dead,) = records(tocsin("deliveries", "dead", "--json"))
    assert (dead["state"], dead["resent"]) == ("dead", False)
    assert records(tocsin("deliveries", "dead", "--since", "2999-01-01", "--json")) == []
    assert tocsin("deliveries", "resend").exit_code == 2
    assert tocsin("deliveries", "resend", dead["id"], "--dead").exit_code == 2
    assert f"replaces {dead['id']}" in tocsin("deliveries", "resend", "--dead").stderr
    assert "no dead deliveries left" in tocsin("deliveries", "resend", "--dead").stderr
    assert [r["resent"] for r in records(tocsin("deliveries", "dead", "--json"))] == [True]


def test_check_says_how_many_rules_are_good(tocsin: Tocsin) -> None:
    """The word before a deployment."""
    result = tocsin("check")
    assert (result.exit_code, result.stderr.strip()) == (0, "1 rule is good.")


def test_check_tells_faults_of_configuration_and_rules_at_once(tocsin: Tocsin) -> None:
    """Both files are wrong: both are told, and the status is 78."""
    (tocsin.folder / "config.yaml").write_text("timezon: UTC\n", encoding="utf-8")
    pack = tocsin.folder / "rules" / "pack.yaml"
    pack.write_text(pack.read_text(encoding="utf-8").replace("$mineral NEAR", "$metal NEAR"), encoding="utf-8")
    result = tocsin("check", "--rules", str(tocsin.folder / "rules"))
    assert result.exit_code == 78
    assert "unknown list $metal; did you mean" in result.stderr
    result = tocsin("check")
    assert "unknown key timezon; did you mean timezone?" in result.stderr
    (problem,) = [r for r in records(tocsin("check", "--json")) if not r["warning"]]
    assert problem["position"].endswith("config.yaml:1:1")


def test_config_show_hides_secrets(tocsin: Tocsin) -> None:
    """As it was understood, defaults filled in."""
    (record,) = records(tocsin("config", "show", "--json"))
    assert record["sources"]["wire"]["feed"] == "https://me:***@example.org/feed"
    assert record["timezone"] == "Europe/London"


def test_match_reads_json_lines_and_answers_in_order(tocsin: Tocsin) -> None:
    """Rules over a corpus, nothing stored."""
    lines = [
        {"id": 1, "title": "Congo halts cobalt", "text": "", "date": "2026-03-02", "labels": {"tier": "primary"}},
        {"id": 2, "title": "Weather"},
        {"id": 3, "title": "x", "text": "China bans gallium exports", "labels": ["corpus class"]},
    ]
    text = "\n".join(map(json.dumps, lines)) + "\n\n"
    found = records(tocsin("match", "-", "--json", stdin=text))
    assert [record["id"] for record in found] == ["1", "2", "3"]
    assert found[0]["matches"][0]["rule"] == "metals/ban"
    assert found[0]["matches"][0]["labels"] == {"tier": ["primary"], "mineral": ["cobalt"]}
    assert found[1]["matches"] == []
    assert {span["field"] for span in found[2]["matches"][0]["spans"]} == {"body"}
    people = tocsin("match", "-", stdin=text).stdout
    assert "high metals/ban tier=primary mineral=cobalt 'halts', 'cobalt'" in people


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "-:1: not a JSON object"),
        ("[]", 'needs an object with a "title"'),
        ('{"title": 5}', 'needs an object with a "title"'),
        ('{"title": "x", "text": 5}', '"text" must be a string'),
        ("[" * 100_000, "not a JSON object"),
    ],
)
def test_a_bad_line_is_named(tocsin: Tocsin, line: str, words: str) -> None:
    """File, line and what is wrong; status 2."""
    result = tocsin("match", "-", stdin=line + "\n")
    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize("date", ["2021", "2021-05", "26-FEB-1987 15:01"], ids=["year", "month", "no ISO 8601"])
def test_a_date_of_another_kind_costs_no_line(tocsin: Tocsin, date: str) -> None:
    """A corpus of thousands of lines is judged whole: rules look at the words, and hardly ever at the time."""
    lines = [{"id": "1", "title": "Cobalt halts", "date": date}, {"id": "2", "title": "Ministry halts cobalt exports"}]
    result = tocsin("match", "-", "--json", stdin="".join(json.dumps(line) + "\n" for line in lines))
    assert result.exit_code == 0
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["1", "2"]
    assert ("is not an ISO 8601 date" in result.stderr) == ("FEB" in date)


def test_a_missing_file_is_a_wrong_call(tocsin: Tocsin) -> None:
    """No traceback."""
    result = tocsin("match", str(tocsin.folder / "none.jsonl"))
    assert result.exit_code == 2
    assert "No such file" in result.stderr


def test_notify_test_sends_through_every_receiver(tocsin: Tocsin) -> None:
    """A real message; the console shows it, and the verdict stands on stderr."""
    result = tocsin("notify-test")
    assert result.exit_code == 0
    assert "tocsin can reach you here" in result.stdout
    assert "ok     here" in result.stderr


def test_notify_test_tells_what_failed(tocsin: Tocsin) -> None:
    """A port where nobody listens is a failure with its reason; one of two is status 3."""
    config = tocsin.folder / "config.yaml"
    config.write_text(
        config.read_text(encoding="utf-8") + '  desk: {url: "slack+http://127.0.0.1:9/c4nary"}\n', encoding="utf-8"
    )
    result = tocsin("notify-test")
    assert result.exit_code == 3
    assert "FAILED desk" in result.stderr
    assert "tried: 127.0.0.1:9\n" in result.stderr
    assert "what to do: check that the address is right" in result.stderr
    assert "c4nary" not in result.stderr + result.stdout
    only = tocsin("notify-test", "desk", "--json")
    assert only.exit_code == 1
    assert records(only)[0]["outcome"] == "transient"
    assert tocsin("notify-test", "dsek").exit_code == 2


def test_notify_test_names_the_mail_server_and_what_to_do(tocsin: Tocsin) -> None:
    """Host, port and mode are what is wrong most often."""
    config = tocsin.folder / "config.yaml"
    url = "mailto://me:c4nary@127.0.0.1:9?from=me@example.org&to=desk@example.org&mode=starttls"
    config.write_text(config.read_text(encoding="utf-8") + f'  mail: {{url: "{url}"}}\n', encoding="utf-8")
    result = tocsin("notify-test", "mail")
    assert result.exit_code == 1
    assert "tried: 127.0.0.1:9 (starttls)" in result.stderr
    assert "587 with mailto:// and mode=starttls" in result.stderr
    assert "c4nary" not in result.stderr


@pytest.mark.parametrize(
    ("sources", "receivers", "more", "status", "said"),
    [
        ("{}", "{}", "", 78, "nothing can ever happen"),
        ("{}", "{here: {console: true, operator: true}}", "", 0, "warning: there is no source"),
        ("{w: {feed: 'https://e.org/f'}}", "{}", "", 0, "warning: there is no enabled receiver"),
        ("{w: {feed: 'https://e.org/f'}}", "{off: {url: ''}}", "", 0, "warning: there is no enabled receiver"),
        ("{w: {feed: 'https://e.org/f'}}", "{here: {console: true}}", "", 0, "give one of here operator: true"),
        ("{w: {feed: 'http://192.168.1.7/f'}}", None, "", 0, "192.168.1.7 is a private address: allow_private"),
        ("{w: {feed: 'http://[::1]:80/f'}}", None, "", 0, "is a loopback address: allow_private"),
        ("{w: {feed: 'http://localhost/f'}}", None, "", 0, "is a loopback address: allow_private"),
        ("{w: {feed: 'http://192.168.1.7/f', allow_private: true}}", None, "", 0, ""),
        ("{w: {feed: 'https://www.sec.gov/f'}}", None, "", 0, "http: {contact: ...}"),
        ("{w: {feed: 'https://www.sec.gov/f'}}", None, "http: {contact: me@example.org}\n", 0, ""),
        ("{w: {feed: 'https://www.sec.gov/f', headers: {user-agent: me}}}", None, "", 0, ""),
    ],
)
def test_check_warns_of_what_would_never_be_told(
    tocsin: Tocsin, sources: str, receivers: str | None, more: str, status: int, said: str
) -> None:
    """What has no fault may still do nothing; a file that can never do anything is one."""
    receivers = receivers or "{here: {console: true, operator: true}}"
    text = f"timezone: UTC\nrules: [./rules]\nsources: {sources}\nreceivers: {receivers}\n{more}"
    (tocsin.folder / "config.yaml").write_text(text, encoding="utf-8")
    result = tocsin("check")
    assert result.exit_code == status, result.stderr
    assert said in result.stderr
    assert ("warning" in result.stderr) == (said != "")


def test_nothing_is_started_that_could_never_do_anything(tocsin: Tocsin) -> None:
    """An empty file, as an editor or a full disk leaves it, is no configuration without sources."""
    (tocsin.folder / "config.yaml").write_text("", encoding="utf-8")
    done = tocsin("once")
    assert done.exit_code == 78
    assert "nothing can ever happen; add both" in done.stderr
    assert not (tocsin.folder / "tocsin.db").exists()


def test_a_delivery_that_waits_for_its_receiver_says_so(tocsin: Tocsin, history: Any) -> None:
    """Until when, and why: a list of messages that are ready and do not leave explains itself."""
    history()
    store = tocsin.store()
    now = datetime.now(UTC)
    store.act.resend(store.read.deliveries(state=DeliveryState.DEAD)[0].id, now)
    (held,) = store.claim_deliveries(now, timedelta(minutes=1))
    store.begin_attempt(held, Message(kind=MessageKind.TEXT, subject="s", text="t"), now)
    blocked = ReceiverStatus(refused="no_service", rests=now + timedelta(hours=1), since=now)
    again = Settlement(
        state=DeliveryState.RETRY,
        due_at=now + timedelta(hours=1),
        reason=Reason(cause=Cause.OTHER, words="gone 404: no_service"),
    )
    store.settle(
        held,
        AttemptResult(error_class=ErrorClass.GONE, code=404),
        lambda _: Consequence(settlement=again, status=blocked),
        now,
    )
    store.close()
    listed = tocsin("deliveries", "list").stdout
    assert "desk is blocked until" in listed
    assert "no_service; nothing was delivered since" in listed
    assert "desk is blocked until" in tocsin("deliveries", "show", held.id).stdout
    waiting = [one for one in records(tocsin("deliveries", "list", "--json")) if one["state"] == "retry"]
    assert "desk is blocked until" in waiting[0]["reason"]


def test_a_screen_has_one_clock_and_names_its_zone_once(tocsin: Tocsin, history: Any) -> None:
    """A column in one zone beside a reason in another is two times for one moment; --json keeps what is stored."""
    history()
    config = tocsin.folder / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("Europe/London", "Asia/Shanghai"), encoding="utf-8")
    with sqlite3.connect(tocsin.folder / "tocsin.db") as connection:
        evening = datetime(2026, 7, 1, 20, tzinfo=UTC)
        other = Reason(cause=Cause.GROUP, until=evening)
        reason = Reason(cause=Cause.QUIET, until=evening, by="desk", because=other)
        connection.execute("UPDATE delivery SET reason = ?", (codec.reason_to_json(reason),))
    connection.close()
    delivery = records(tocsin("deliveries", "list", "--json"))[0]
    assert "20:00 UTC" in delivery["reason"]
    assert delivery["cause"] == "quiet hours"
    screens = [
        "deliveries list",
        f"deliveries show {delivery['id']}",
        "alerts list --suppressed",
        "alerts show 1",
        "why ban 2",
    ]
    for screen in screens:
        result = tocsin(*screen.split())
        assert " ".join(result.stdout.split()).count("2026-07-02 04:00") >= 2, screen
        assert "UTC" not in result.stdout, screen
        assert result.stderr.splitlines() == ["Times are in Asia/Shanghai."], screen
    for screen in ("alerts list", "sources show wire"):
        assert tocsin(*screen.split()).stderr.splitlines() == ["Times are in Asia/Shanghai."], screen
    assert tocsin("silences", "list").stderr.splitlines() == ["There are no silences."]


def test_a_receiver_that_cannot_be_built_is_a_configuration_fault(tocsin: Tocsin) -> None:
    """An address that apprise does not know is told by the receiver's name, without the address."""
    config = tocsin.folder / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8") + '  desk: {url: "nonsense://c4nary"}\n', encoding="utf-8")
    result = tocsin("notify-test")
    assert result.exit_code == 78
    assert "desk" in result.stderr
    assert "c4nary" not in result.stderr


def test_the_version_is_printed(tocsin: Tocsin) -> None:
    """For bug reports."""
    assert tocsin("--version", config=False).stdout.startswith("tocsin 0.")


@pytest.mark.parametrize("kind", ["rules", "config"])
def test_a_schema_is_printed_for_editors(tocsin: Tocsin, kind: str) -> None:
    """Into a file that the editor is pointed at."""
    assert "properties" in json.loads(tocsin("schema", kind, config=False).stdout)
    assert tocsin("schema", "rulez", config=False).exit_code == 2


def test_check_looks_at_the_history_without_touching_it(tocsin: Tocsin, history: Any) -> None:
    """A rule that floods is told beside the faults of its text; the database stays as it is."""
    history()
    with sqlite3.connect(tocsin.folder / "tocsin.db") as database:
        long_ago = (datetime.now(UTC) - timedelta(days=9)).strftime("%Y-%m-%d %H:%M:%S.%f")
        (kept,) = database.execute("SELECT first_polled FROM source WHERE name = 'wire'").fetchone()
        database.execute("UPDATE source SET first_polled = ?", (long_ago if isinstance(kept, str) else kept,))
        database.execute("DELETE FROM delivery_alert")
        database.execute("DELETE FROM match")
    before = (tocsin.folder / "tocsin.db").read_bytes()
    result = tocsin("check")
    assert "in 9 days of history this rule never fired; try it with tocsin why-not" in result.stderr
    assert result.exit_code == 0
    assert (tocsin.folder / "tocsin.db").read_bytes() == before
    (tocsin.folder / "tocsin.db").write_bytes(b"no database at all")
    assert "cannot read the history of the rules" in tocsin("check").stderr


def test_check_shows_a_warning_at_many_places_once(tocsin: Tocsin) -> None:
    """A shipped pack asks for a label at many places that no source of a small configuration gives."""
    pack = tocsin.folder / "rules" / "pack.yaml"
    text = pack.read_text(encoding="utf-8")
    pack.write_text(text.replace("(ban~", "(the OR the OR the OR ban~"), encoding="utf-8")
    result = tocsin("check")
    assert result.stderr.count("the is in nearly every text") == 1
    assert "and at 2 other places" in result.stderr
    assert len([one for one in records(tocsin("check", "--json")) if "nearly every" in one["message"]]) == 3


def test_check_tells_warnings_to_machines_with_their_place(tocsin: Tocsin) -> None:
    """An editor or a pipeline shows them where they belong."""
    pack = tocsin.folder / "rules" / "pack.yaml"
    pack.write_text(pack.read_text(encoding="utf-8").replace("(ban~", "(the OR ban~"), encoding="utf-8")
    result = tocsin("check", "--json")
    (warning,) = records(result)
    assert result.exit_code == 0
    assert warning["warning"] is True
    assert warning["message"].startswith("the is in nearly every text")
    assert warning["position"].endswith("pack.yaml:8:36")
