"""The language of a headline."""

from __future__ import annotations

import pytest

from tocsin.text.language import differ, in_english, language


@pytest.mark.parametrize(
    ("title", "stated", "expected"),
    [
        ("China curbs gallium", "en-gb", "en"),
        ("China curbs gallium", "", ""),
        ("China curbs gallium", "zh-cn", ""),
        ("China drosselt Gallium", "de", "de"),
        ("中国限制镓出口", "", "zh"),
        ("中国限制镓出口", "en-us", "zh"),
        ("経済産業省告示", "ja", "ja"),
        ("中国がガリウムの輸出を規制", "", "ja"),
        ("중국, 갈륨 수출 통제", "en", "ko"),
        ("Китай ограничил экспорт галлия", "", "ru"),
        ("Китай обмежив експорт галію", "uk", "uk"),
        ("MP Materials获得4亿美元投资", "en", "zh"),
        ("Carmaker BYD (比亚迪) plans a battery plant", "en", "en"),
        ("2026 / 30 %", "fr", "fr"),
        ("", "", ""),
    ],
    ids=[
        "as stated",
        "Latin, not stated",
        "a Chinese feed in English",
        "German",
        "Han",
        "Han in a feed that says English",
        "Han that is Japanese",
        "kana",
        "Hangul",
        "Cyrillic",
        "another language in Cyrillic",
        "Latin names in Chinese",
        "a Chinese name in English",
        "no letters",
        "nothing",
    ],
)
def test_the_script_outweighs_what_the_feed_says(title: str, stated: str, expected: str) -> None:
    """A site in Chinese whose software says en-US would else never share a story with an English one."""
    assert language(title, stated) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("zh", "en", True),
        ("zh", "ja", True),
        ("de", "en", True),
        ("zh", "", True),
        ("en", "", False),
        ("en", "en", False),
        ("", "", False),
    ],
)
def test_an_unknown_language_differs_only_in_its_script(one: str, other: str, expected: bool) -> None:
    """A feed that names no language may well be English: its reports are compared by their words."""
    assert differ(one, other) is expected
    assert differ(other, one) is expected


@pytest.mark.parametrize(("code", "name"), [("zh", "Chinese"), ("ko", "Korean"), ("xx", "xx"), ("", "")])
def test_a_language_has_its_english_name(code, name):
    """People do not read codes; one that has no name here stays."""
    assert in_english(code) == name
