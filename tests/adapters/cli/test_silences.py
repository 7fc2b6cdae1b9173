"""`tocsin silences add`: a slip is refused, because it would hide nothing, or with != everything."""

import json

import pytest


@pytest.mark.parametrize(
    ("matchers", "words"),
    [
        (["minerals=gallium"], "gives a label minerals; did you mean mineral?"),
        (["mineral=galium"], "nothing gives the label mineral the value galium; did you mean gallium?"),
        (["mineral=gallium,cobalt"], "nothing gives the label mineral the value gallium,cobalt"),
        (["mineral=~gal.*"], "mineral=~ is not supported: there are no patterns"),
        (["rule=bann"], "there is no rule bann; did you mean ban?"),
        (["rule=metals/bann"], "did you mean metals/ban?"),
        (["rule!=bann"], "there is no rule bann"),
        (["event=custom.bann"], "there is no event custom.bann; did you mean custom.ban?"),
        (["source=wire"], "only tocsin's own events have the label source: add rule=tocsin to mean those"),
        (["mineral=gallium", "rule=x", "colour=red"], "there is no rule x"),
        (["severity<=hihg"], "there is no severity 'hihg'; the levels are info, low"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_nothing_can_be_called_is_refused_with_what_may_have_been_meant(tocsin, matchers, words):
    """It is written before a weekend, and found out when the telephone rings."""
    done = tocsin("silences", "add", *matchers, "--for", "1h")
    assert done.exit_code == 2
    assert words in done.stderr
    assert tocsin("silences", "list").stdout == ""


@pytest.mark.parametrize(
    "matchers",
    [
        ["mineral=gallium"],
        ["tier=trade"],
        ["rule=ban", "severity<=high"],
        ["rule=metals"],
        ["event=custom"],
        ["rule=tocsin"],
        ["rule=tocsin/source-unhealthy", "source=wire"],
        ["event=tocsin.receiver", "receiver!=here"],
        ["mineral!=cobalt"],
    ],
    ids=" ".join,
)
def test_what_alerts_can_be_called_is_written(tocsin, matchers):
    """Labels of lists, of sources and of the daemon's own events; ids in full and bare; what an event stands below."""
    config = tocsin.folder / "config.yaml"
    text = config.read_text().replace('example.org/feed"}', 'example.org/feed", labels: {tier: trade}}')
    config.write_text(text)
    done = tocsin("silences", "add", *matchers, "--for", "1h")
    assert done.exit_code == 0, done.stderr
    assert "it would have hidden 0 alerts." in done.stderr


def test_what_was_raised_before_can_be_silenced_whatever_the_rules_say_now(tocsin, history):
    """A rule that was renamed a minute ago still has messages that wait."""
    history()
    pack = tocsin.folder / "rules" / "pack.yaml"
    pack.write_text(pack.read_text().replace("id: ban", "id: embargo").replace("gallium: [gallium], ", ""))
    pack.write_text(pack.read_text().replace("    fires: [China bans gallium exports]\n", ""))
    done = tocsin("silences", "add", "rule=ban", "mineral=gallium", "--for", "1h", "--preview")
    assert done.exit_code == 0, done.stderr
    assert "It would have hidden 1 alert of the last 7 days" in done.stderr


def test_a_route_that_no_alert_can_take_is_a_warning_of_check(tocsin):
    """Whoever it names would never hear of anything, and would never know."""
    config = tocsin.folder / "config.yaml"
    config.write_text(
        config.read_text() + "routes:\n  - {to: [here], labels: {minerals: gallium}}\n  - {to: [here], rule: bann}\n"
        "  - {to: [here], labels: {mineral: gallium}}\n  - {to: [here], event: custom}\n"
    )
    done = tocsin("check")
    assert done.exit_code == 0
    assert "the route to here with minerals: gallium fits no alert" in done.stderr
    assert "the route to here with rule: bann fits no alert: there is no rule bann; did you mean ban?" in done.stderr
    assert done.stderr.count("fits no alert") == 2


WEEKLY = """
silences:
  - {match: [mineral=gallium], during: {from: "22:00", to: "06:00"}, why: known}
"""


def test_silences_of_the_configuration_are_listed_with_their_next_time(tocsin):
    """It is seen on the day on which it was written that it will work."""
    config = tocsin.folder / "config.yaml"
    config.write_text(config.read_text() + WEEKLY)
    row = json.loads(tocsin("silences", "list", "--json").stdout)
    assert (row["id"], row["by"], row["during"], row["why"]) == (0, "the configuration", "22:00 to 06:00", "known")
    shown = " ".join(tocsin("silences", "list").stdout.split())
    assert "22:00 to 06:00" in shown


def test_check_warns_of_a_silence_that_no_alert_can_pass(tocsin):
    """The typo is found on the day on which it is made, not when the telephone rings."""
    config = tocsin.folder / "config.yaml"
    config.write_text(config.read_text() + WEEKLY.replace("=gallium", "=galium"))
    done = tocsin("check")
    assert done.exit_code == 0
    words = "a silence would not work as written: mineral=galium: nothing gives the label mineral the value galium; did you mean"
    assert words in " ".join(done.stderr.split())
