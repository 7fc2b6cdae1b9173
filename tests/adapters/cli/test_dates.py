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
