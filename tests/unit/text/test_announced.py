"""Dates that a text announces: a day with a word beside it that says what begins, ends or is due."""

from __future__ import annotations

import time
from datetime import date

import pytest

from tocsin.model.dates import DateKind
from tocsin.text.announced import LONGEST, MOST, announced

DAY = date(2026, 3, 2)
BEGINS, ENDS, DEADLINE, HEARING = DateKind.BEGINS, DateKind.ENDS, DateKind.DEADLINE, DateKind.HEARING


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("China suspended the ban until 10 November 2026. It was signed on 3 May 2025.", [("2026-11-10", ENDS)]),
        ("The rule takes effect December 1, 2026, the ministry said.", [("2026-12-01", BEGINS)]),
        ("It runs from 10 November 2026 to 10 November 2027.", [("2026-11-10", BEGINS), ("2027-11-10", ENDS)]),
        ("Comments are due by April 15, 2026.", [("2026-04-15", DEADLINE)]),
        ("Comments are accepted until 15 April 2026.", [("2026-04-15", DEADLINE)]),
        ("A public hearing will be held on 20 May 2026.", [("2026-05-20", HEARING)]),
        ("The ban expires on 2026-12-31.", [("2026-12-31", ENDS)]),
        ("The ban ends 5/13/2026.", [("2026-05-13", ENDS)]),
        ("The pause holds until April 1.", [("2026-04-01", ENDS)]),
        ("自2026年12月1日起施行", [("2026-12-01", BEGINS)]),
        ("暂停实施至2026年11月10日止。", [("2026-11-10", ENDS)]),
        ("听证会将于2026年5月20日举行", [("2026-05-20", HEARING)]),
        ("2026年11月10日まで停止", [("2026-11-10", ENDS)]),
        ("2026년 11월 10일부터 시행", [("2026-11-10", BEGINS)]),
        ("Die Verordnung tritt am 1. Dezember 2026 in Kraft.", [("2026-12-01", BEGINS)]),
        ("Ausgesetzt bis zum 31.12.2026.", [("2026-12-31", ENDS)]),
        ("Le décret entre en vigueur le 1er juin 2026.", [("2026-06-01", BEGINS)]),
        ("La mesure est suspendue jusqu'au 30 juin 2026.", [("2026-06-30", ENDS)]),
        ("La suspensión, vigente hasta el 10 de noviembre de 2026.", [("2026-11-10", ENDS)]),
        ("Запрет действует до 31 декабря 2026 года", [("2026-12-31", ENDS)]),
        ("Постановление вступает в силу с 1 июня 2026 года", [("2026-06-01", BEGINS)]),
    ],
)
def test_a_day_with_a_cue_is_found(text, expected):
    """In the languages of the sources, and with the exact words around it."""
    found = announced(text, DAY)
    assert [(one.day.isoformat(), one.kind) for one in found] == expected
    assert all(one.words in text and any(c.isdigit() for c in one.words[one.at :][: one.length]) for one in found)


@pytest.mark.parametrize(
    "text",
    [
        "China bans gallium exports on 10 November 2026",  # no cue
        "The ban took effect on 1 December 2025.",  # past
        "The ban ends 4/5/2026.",  # two days
        "The ban lasts until 31 February 2026.",
        "The ban lasts until 10 November 2099.",
        "It ended until. On 10 November 2026 nothing was said.",  # the cue is of another sentence
        "The pact came in force from March 1.",  # hardly a year ahead
        "Prices fell for three months.",
        "until 10 Smarch 2026",
    ],
)
def test_a_day_alone_is_no_announcement(text):
    """Most dates in news say when something happened, and a doubtful day is worse than none."""
    assert announced(text, DAY) == ()


def test_a_length_of_time_is_counted_from_the_report_and_says_so():
    """Only for what can last, and only where no day is given."""
    (one,) = announced("China paused the curbs for 90 days.", DAY)
    assert (one.day, one.kind, one.counted) == (date(2026, 5, 31), ENDS, True)
    assert one.words[one.at : one.at + one.length] == "for 90 days"
    (one,) = announced("Suspended for one month on 31 January.", date(2026, 1, 31))
    assert one.day == date(2026, 2, 28)
    (one,) = announced("The ban is suspended for 90 days, until 31 May 2026.", DAY)
    assert not one.counted
    (one,) = announced("Exporters must apply within 30 days.", DAY)
    assert one.kind is DEADLINE


def test_long_words_are_cut_between_words_and_stay_exact():
    """A body without full stops does not become one quote."""
    text = "word " * 200 + "in force until 10 November 2026 " + "tail " * 200
    (one,) = announced(text, DAY)
    assert one.words in text
    assert len(one.words) < 260
    assert one.words.startswith("word")
    assert one.words[one.at : one.at + one.length] == "10 November 2026"


def test_a_text_has_at_most_twelve_dates():
    """A calendar that somebody pastes into a feed does not fill the page."""
    text = ". ".join(f"The ban ends {day} May 2026" for day in range(1, 31))
    assert len(announced(text, DAY)) == MOST


@pytest.mark.parametrize(
    "part", ["until 1 May 2026 ", "1 ", "for 9 days ", "2026-", "until ", "(", " ", "may ", "1.", "自", "effective "]
)
def test_hostile_text_costs_linear_time(part):
    """Each of these once made a regular expression of somebody slow."""
    text = part * (500_000 // len(part))
    before = time.process_time()
    announced(text, DAY)
    assert time.process_time() - before < 1
    assert len(text) > LONGEST
