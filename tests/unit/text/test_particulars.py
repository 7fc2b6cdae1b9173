"""Particulars: dates, document numbers and figures in any language."""

from __future__ import annotations

from datetime import date

import pytest

from tocsin.text.particulars import particulars

DAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("商务部公告2026年第9号", ("document 9/2026",)),
        ("商務部公告2026年第9號", ("document 9/2026",)),
        ("公告〔2025〕12号", ("document 12/2025",)),
        ("根据第9号公告", ("document 9/2026",)),
        ("告示第9号", ("document 9/2026",)),
        ("산업부 고시 제2026-9호", ("document 9/2026",)),
        ("Ministry publishes Announcement No. 9 of 2026", ("document 9/2026",)),
        ("Announcement No. 9 (2025)", ("document 9/2025",)),
        ("MOFCOM 2026 No. 9", ("document 9/2026",)),
        ("the ministry said in Announcement No. 9", ("document 9/2026",)),
        ("Notice 2026/123", ("document 123/2026",)),
        ("Regulation (EU) 2026/123", ("document 123/2026",)),
        ("Executive Order 14999", ("document 14999/2026",)),
        ("приказ № 123 от 2026 года", ("document 123/2026",)),
        ("Peraturan Menteri Nomor 10 Tahun 2026", ("document 10/2026",)),
        ("the No. 1 producer in the 2025/26 season", ()),
    ],
)
def test_a_document_has_one_number_in_every_language(text: str, expected: tuple[str, ...]) -> None:
    """A notice and a wire report of it share hardly anything else."""
    assert particulars(text, DAY) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from December 1", ("date 12-01",)),
        ("from Dec. 1, 2026", ("date 12-01",)),
        ("from 1st of December", ("date 12-01",)),
        ("自2026年12月1日起", ("date 12-01",)),
        ("12月1号", ("date 12-01",)),
        ("12월 1일부터", ("date 12-01",)),
        ("ab dem 1. Dezember", ("date 12-01",)),
        ("à partir du 1er décembre", ("date 12-01",)),
        ("desde el 1 de diciembre", ("date 12-01",)),
        ("с 1 декабря", ("date 12-01",)),
        ("2026-12-01", ("date 12-01",)),
        ("BEIJING, Nov 19 (Wire) -", ()),
        ("11月21日", ()),
        ("December 2026", ()),
        ("December 45", ()),
        ("13月1日", ()),
        ("may 10% rise", ("figure 10%",)),
    ],
)
def test_a_date_is_one_in_every_language(text: str, expected: tuple[str, ...]) -> None:
    """The day of the report itself stands in every report of that day, and shows nothing."""
    assert particulars(text, DAY) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a stake of 7.5 percent", ("figure 7.5%",)),
        ("$1.6 billion", ("figure 1600000000",)),
        ("16亿美元", ("figure 1600000000",)),
        ("1,500 tonnes", ("figure 1500",)),
        ("two mines, 24 hours, in 2025", ()),
        ("a 7 and a 99", ()),
    ],
)
def test_small_numbers_and_years_are_no_figures(text: str, expected: tuple[str, ...]) -> None:
    """Two reports of one day have a 2 or a 2026 in common by chance."""
    assert particulars(text, DAY) == expected


def test_each_is_named_once_and_they_are_few() -> None:
    """A table of prices in a summary does not become hundreds of rows."""
    assert particulars("10% and 10 percent", DAY) == ("figure 10%",)
    assert len(particulars(" ".join(f"{n}%" for n in range(200)), DAY)) == 24
