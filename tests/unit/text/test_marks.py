"""Marks around a headline: those that are removed before two headlines are compared, and those that stay."""

from __future__ import annotations

import time

import pytest

from tocsin.text.titles import features, headline, unmarked

NEWS = "China bans gallium exports to Japan"
MARKED = [
    "UPDATE 1-{}",
    "UPDATE 12-{}",
    "WRAPUP 3-{}",
    "RPT-{}",
    "REFILE-UPDATE 2-EXCLUSIVE-{}",
    "CORRECTED-{}",
    "EXCLUSIVE-{}",
    "Exclusive: {}",
    "Update 3: {}",
    "Updated - {}",
    "(LEAD) {}",
    "(2nd LD) {}",
    "(3rd LD) (ATTN: UPDATES throughout with details) {}",
    "2ND LEAD: {}",
    "{} (2nd LD)",
    "BREAKING: {}",
    "BREAKING {}",
    "Breaking news: {}",
    "FLASH - {}",
    "URGENT {}",
    "(URGENT) {}",
    "JUST IN | {}",
    "*Harbour Post* {}",
    "*DJ {}",
    "*{}",
    "{} (Reuters)",
    "[Update] {}",
    "{} [Updated]",
    "{} - update 2",
    "{} | Exclusive",
    "10:32 GMT - {}",
    "1032 GMT: {}",
    "{} 1032 GMT",
    "{} 14.05 UTC",
    "{} 9h30 CET",
    "{} 12 comments",
    "3 photos {}",
    "{} (updated 10:32 GMT)",
    "{} - as of 14:05",
    "{} (12 comments)",
    "EILMELDUNG: {}",
    "ROUNDUP 2/{}",
]
WIDE = [
    "快讯：{}",
    "【快讯】{}",
    "快訊|{}",
    "更新：{}",
    "（更新）{}",
    "【更新】{}",
    "突发 | {}",
    "速報：{}",
    "{}（更新）",
]


@pytest.mark.parametrize("marked", MARKED)
def test_an_edition_of_a_headline_is_the_headline(marked: str) -> None:
    """Ten editions of one report are one story."""
    assert headline(marked.format(NEWS)) == headline(NEWS)
    assert features(marked.format(NEWS)) == features(NEWS)


@pytest.mark.parametrize("marked", WIDE)
def test_an_edition_of_a_chinese_headline_is_the_headline(marked: str) -> None:
    """Chinese and Japanese sites mark a flash in brackets or before a colon."""
    text = "中国对镓实施出口管制"
    assert headline(marked.format(text)) == headline(text)
    assert features(marked.format(text)) == features(text)


@pytest.mark.parametrize(
    "title",
    [
        "Update 3 mines closed after quake",
        "Flash flood closes gallium mine",
        "Urgent call for gallium stocks",
        "Lead-acid battery plant closes",
        "LEAD-ACID BATTERY PLANT CLOSES",
        "Lead: prices rise again",
        "New-build plants soar in Utah",
        "Breaking-up of rare earth group slows",
        "Phone maker ships 7.1 update today",
        "Repeat offender fined for gallium smuggling",
        "Gold alert as prices soar",
        "Update",
        "March 11, 2026, 2:02 am",
        "快讯",
    ],
)
def test_words_that_say_something_are_no_marks(title: str) -> None:
    """A mark is taken off only where it cannot be a word of the headline, and never the whole of it."""
    assert unmarked(title) == title


@pytest.mark.no_cover
def test_taking_marks_off_costs_linear_time() -> None:
    """Nothing that a stranger writes before a headline takes longer than its length."""

    def cost(piece: str, times: int) -> float:
        title = piece * times
        began = time.process_time()
        for _ in range(3):
            unmarked(title)
        return time.process_time() - began

    for piece in ("UPDATE 1-", "*a", "(ATTN: ", "[ ", "12:30 ", "( 12 ", "- update ", "   "):
        assert cost(piece, 4000) < 12 * cost(piece, 1000) + 0.05, piece
