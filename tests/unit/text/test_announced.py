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
    ("text", "expected"),
    [
        ("The ban takes effect in March 2027.", ("2027-03-01", BEGINS, "month", "March 2027")),
        ("The ban is in force until March 2027.", ("2027-03-31", ENDS, "month", "March 2027")),
        ("Exporters must comply by the end of Q2.", ("2026-06-30", DEADLINE, "quarter", "the end of Q2")),
        ("The quota expires in the second quarter of 2027.", ("2027-06-30", ENDS, "quarter", "second quarter of 2027")),
        ("The controls start in the first half of 2027.", ("2027-01-01", BEGINS, "half", "first half of 2027")),
        ("It starts at the end of March 2027.", ("2027-03-31", BEGINS, "month", "the end of March 2027")),
        ("Tariffs end in early 2027.", ("2027-01-01", ENDS, "year", "early 2027")),
        ("Comments are due by year-end.", ("2026-12-31", DEADLINE, "year", "year-end")),
        ("Quotas are due by the end of this month.", ("2026-03-31", DEADLINE, "month", "the end of this month")),
        ("The ban lasts until the end of next year.", ("2027-12-31", ENDS, "year", "the end of next year")),
        ("Die Verordnung tritt im Januar 2027 in Kraft.", ("2027-01-01", BEGINS, "month", "Januar 2027")),
        ("La mesure expire fin juin 2026.", ("2026-06-30", ENDS, "month", "fin juin 2026")),
        ("La suspensión vence en marzo de 2027.", ("2027-03-31", ENDS, "month", "marzo de 2027")),
        ("Запрет действует до конца 2026 года", ("2026-12-31", ENDS, "year", "конца 2026")),
        ("暂停实施至2027年3月底", ("2027-03-31", ENDS, "month", "2027年3月底")),
        ("新规自2027年第二季度起施行", ("2027-04-01", BEGINS, "quarter", "2027年第二季度")),
        ("2026年下半年到期", ("2026-12-31", ENDS, "half", "2026年下半年")),
        ("暂停至2026年年底", ("2026-12-31", ENDS, "year", "2026年年底")),
    ],
)
def test_a_month_or_quarter_with_a_cue_is_found(text, expected):
    """Most plans name no day: it is the first of what begins, and the last of what ends, and says that no day is given."""
    [one] = announced(text, DAY)
    assert (one.day.isoformat(), one.kind, one.unit, one.words[one.at : one.at + one.length]) == expected


def test_the_day_says_more_than_its_month():
    """A headline names the month and the text the day: one date, and a month may follow a day."""
    [one] = announced("The ban ends in November 2026. It is in force until 10 November 2026.", DAY)
    assert (one.day, one.unit) == (date(2026, 11, 10), "day")
    found = announced("In force from 10 November 2026 to March 2027.", DAY)
    assert [(str(one.day), one.kind) for one in found] == [("2026-11-10", BEGINS), ("2027-03-31", ENDS)]


@pytest.mark.parametrize(
    "text",
    [
        "The market will reach $5bn by 2030.",
        "Exports rose in March 2027.",
        "The rules may take effect.",
        "The ban took effect in March 2025.",
        "产量将达到2027年3月水平",
        "The pact came into force in Q1.",  # the one that has begun
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
    "part",
    [
        "until 1 May 2026 ",
        "1 ",
        "for 9 days ",
        "2026-",
        "until ",
        "(",
        " ",
        "may ",
        "1.",
        "自",
        "effective ",
        "end of ",
        "by the end of Q2 ",
        "second ",
        "2027年",
        "until march 2027 ",
        "the end ",
    ],
)
def test_hostile_text_costs_linear_time(part):
    """Each of these once made a regular expression of somebody slow."""
    text = part * (500_000 // len(part))
    before = time.process_time()
    announced(text, DAY)
    assert time.process_time() - before < 1
    assert len(text) > LONGEST
