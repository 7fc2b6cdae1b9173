"""`tocsin dates`: what news announces, in the terminal."""

import json
from datetime import UTC, datetime, timedelta


def test_without_a_date_the_command_says_what_else_to_ask(tocsin):
    """An empty list is no error."""
    done = tocsin("dates", "list")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "tocsin dates list --all" in done.stderr
    assert "No alert announces a date." in tocsin("dates", "list", "--all").stderr


def test_dates_are_listed_with_their_words(tocsin, history):
    """For people and for programs; `alerts show` has them too."""
    day = (datetime.now(UTC) + timedelta(days=100)).date()
    words = f"The ban ends {day}."
    history(summary=f"It was said in May. {words}")
    listed = tocsin("dates", "list").stdout
    assert f"{day} in 100 days" in listed
    assert words in listed
    (line,) = [json.loads(line) for line in tocsin("dates", "list", "--json").stdout.splitlines()]
    assert (line["day"], line["kind"], line["words"]) == (str(day), "ends", words)
    assert f"{day} ends (found, date 1): “{words}”" in tocsin("alerts", "show", "1").stdout


def test_dates_are_confirmed_and_rejected_by_name(tocsin, history):
    """The last word counts; what was rejected leaves the list."""
    day = (datetime.now(UTC) + timedelta(days=100)).date()
    history(summary=f"The ban ends {day}.")
    done = tocsin("dates", "confirm", "1", "--by", "ann")
    assert (done.exit_code, done.stdout) == (0, "")
    assert f"Date 1 is confirmed: {day} ends, gallium: ban." in done.stderr
    assert "confirmed by ann" in tocsin("dates", "list").stdout
    tocsin("dates", "reject", "#1", "--by", "ben")
    assert tocsin("dates", "list").stdout == ""
    assert "rejected by ben" in tocsin("dates", "list", "--all").stdout


def test_the_number_of_an_alert_or_a_day_in_its_place_is_refused(tocsin, history):
    """All or nothing, with the command that shows the numbers."""
    history(summary=f"The ban ends {(datetime.now(UTC) + timedelta(days=100)).date()}.")
    done = tocsin("dates", "confirm", "1", "12")
    assert done.exit_code == 2
    assert "there is no date 12; see: tocsin dates list" in done.stderr
    assert "confirmed" not in tocsin("dates", "list").stdout
    done = tocsin("dates", "confirm", "2026-11-10")
    assert done.exit_code == 2
    assert "'2026-11-10' is not a date: dates have short numbers such as 3; see: tocsin dates list" in done.stderr
