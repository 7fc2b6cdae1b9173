"""Noise of a page: what changes at every visit is no change, and what could be news is none of it."""

from __future__ import annotations

from datetime import date

import pytest

from tocsin.text.error_pages import is_error
from tocsin.text.noise import Noise, check_noise, is_calendar

DAY = date(2026, 11, 29)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Last updated: 28 November 2026 12:04", "Last updated: 29 November 2026 09:11"),
        ("Stand: 28.11.2026", "Stand: 29.11.2026"),
        ("更新时间：2026-11-28 12:00", "更新时间：2026-11-29 09:00"),
        ("Visitors: 12,345", "Visitors: 12,399"),
        ("浏览次数：123", "浏览次数：124"),
        ("Gallium notice 1,234 views", "Gallium notice 1,260 views"),
        ("Updated 3 minutes ago", "Updated 2 hours ago"),
        ("Page generated in 0.034 seconds", "Page generated in 0.1 s"),
        ("© 2025 Ministry of Mines", "© 2026 Ministry of Mines"),
        ("Session ID: a81f0cc2", "Session ID: 77d1ab09"),
        ("Form 3f2a81f0-0cc2-4d1a-b09a-0123456789ab", "Form 1111aaaa-0cc2-4d1a-b09a-0123456789ab"),
        ("It is 12:04:31 now", "It is 12:05:02 now"),
        ("  Gallium   licences ", "gallium licences"),
    ],
)
def test_noise_is_no_change(one: str, other: str) -> None:
    """Nobody may be woken because somebody visited a page."""
    assert Noise().without(one) == Noise().without(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Deadline: 1 June 2026", "Deadline: 1 July 2026"),
        ("27 November 2027", "30 November 2027"),
        ("Quota left: 500 t", "Quota left: 450 t"),
        ("12,345", "12,399"),
        ("In force in 30 days", "In force in 60 days"),
        ("Licences: open", "Licences: closed"),
        ("Notice 2026-17", "Notice 2026-18"),
        ("Meeting at 14:00", "Meeting at 15:00"),
        ("Standard 2026 for gallium", "Standard 2027 for gallium"),
        ("the token holders vote", "the token traders vote"),
    ],
)
def test_what_could_be_news_is_no_noise(one: str, other: str) -> None:
    """A deadline that is put off is what people watch a page for."""
    assert Noise().without(one) != Noise().without(other)


@pytest.mark.parametrize(
    ("line", "calendar"),
    [
        ("Sunday, 29 November 2026", True),
        ("29.11.2026 12:04", True),
        ("今天是2026年11月29日 星期日", True),
        ("12:04", True),
        ("27 November 2027", False),
        ("2 November 2026", False),
        ("November 2026", False),
        ("29", False),
        ("Gallium 29 November 2026", False),
    ],
)
def test_the_date_of_the_day_is_a_calendar(line: str, calendar: bool) -> None:
    """Pages show the day, and a deadline is a date, too."""
    assert is_calendar(line, DAY) is calendar


def test_a_reader_ignores_more() -> None:
    """Every site has a counter of its own."""
    noise = Noise([r"Queue: \d+"])
    assert noise.without("Queue: 17 applications") == noise.without("Queue: 18 applications") == "applications"


@pytest.mark.parametrize(("pattern", "words"), [("(", "missing"), (r"(?=a)", "RE2"), (".*", "all of every line")])
def test_a_pattern_that_cannot_work_is_refused(pattern: str, words: str) -> None:
    """A pattern that finds everything would be a source that is never heard of."""
    with pytest.raises(ValueError, match=words):
        check_noise(pattern)


@pytest.mark.parametrize(
    ("title", "error"),
    [
        ("404 Not Found", True),
        ("Page not found | Ministry of Mines", True),
        ("Sorry, something went wrong", True),
        ("503 Service Temporarily Unavailable", True),
        ("Just a moment...", True),
        ("We are under maintenance", True),
        ("Sign in to your account", True),
        ("系统维护", True),
        ("页面不存在", True),
        ("Error", True),
        ("Ministry of Mines: notices on gallium", False),
        ("Smelter shut down for maintenance, gallium output falls", False),
        ("Errors found in gallium statistics", False),
        ("404 tonnes of gallium exported", False),
        (
            "Login scheme for exporters is explained",
            True,
        ),  # an error too many is seen; a login taken for news wakes people
    ],
)
def test_a_title_tells_an_error_page(title: str, error: bool) -> None:
    """Many servers send their errors as good pages."""
    assert is_error(title) is error
