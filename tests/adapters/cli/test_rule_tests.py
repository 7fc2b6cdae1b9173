"""`tocsin test`: rule tests pass, fail with a reason, and are refused when they cannot fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tocsin.cli import app

Tocsin = Any
ROOT = Path(__file__).resolve().parents[3]
HEAD = "tocsin_test: 1\nstart: 2026-03-02T08:00:00+01:00\ntests:\n"


@pytest.fixture
def write(tocsin: Tocsin) -> Any:
    """Writes a test file into the pack's folder."""

    def written(text: str, name: str = "one.yaml") -> Path:
        folder = tocsin.folder / "rules" / "tests"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(HEAD + text, encoding="utf-8")
        return folder / name

    return written


GOOD = """\
  - name: a ban is told once
    news:
      - {at: 0m, title: China bans gallium exports to Japan}
      - {at: 9m, source: other, title: China bans gallium exports to Japan}
      - {at: 2h, title: Ministry to ban shipments of gallium wafers}
    expect:
      - {rule: ban, at: 0m, severity: high, labels: {mineral: gallium}, fate: alerted, title: "gallium: ban"}
      - {rule: metals/ban, at: 2h, sent: 12h, fate: held}
  - name: other news is nothing
    news: [{title: Gallium prices rise}]
    expect_not: ban
"""


def test_tests_beside_a_pack_run_with_its_rules(tocsin: Tocsin, write: Any) -> None:
    """Subset on fields, exhaustive on rules; test files are not taken for files of the pack."""
    path = write(GOOD)
    result = tocsin("test")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "2 of 2 tests passed; 2 examples of the packs pass." in result.stderr
    assert tocsin("test", str(path), config=False).exit_code == 0
    records = [json.loads(line) for line in tocsin("test", "--json").stdout.splitlines()]
    assert [record["passed"] for record in records] == [True, True]


def test_examples_of_named_expressions_count(tocsin: Tocsin, write: Any) -> None:
    """They are run too, and in a pack of frames they are most of all."""
    write(GOOD)
    named = "tocsin: 1\nexpressions:\n  lift: {match: lift~, fires: [It lifts, Lifted], quiet: [It bans]}\n"
    (tocsin.folder / "rules" / "named.yaml").write_text(named, "utf-8")
    assert "5 examples of the packs pass." in tocsin("test").stderr


@pytest.mark.parametrize(
    ("test", "words"),
    [
        pytest.param(
            "expect: [{rule: ban, at: 0m, labels: {mineral: cobalt}}]",
            ["one.yaml:6:14: expected  ban at 0s mineral=cobalt", "mineral: cobalt wanted, gallium found"],
            id="another label",
        ),
        pytest.param(
            "expect: [{rule: ban, at: 0m, severity: low, sent: 3h}]",
            ["severity: low wanted, high found", "sent: 3h wanted, 0s found"],
            id="several fields",
        ),
        pytest.param(
            "expect: [{rule: ban, at: 1h}, {rule: ban, at: 0m}]",
            ["nearest   metals/ban at 0s high alerted", "at: 1h wanted, 0s found"],
            id="one too few",
        ),
        pytest.param("expect_not: [ban]", ["must not be met  metals/ban at 0s"], id="forbidden"),
        pytest.param(
            "expect: [{rule: quota}]",
            ["nearest   China bans gallium exports: not met: quota~"],
            id="the nearest miss",
        ),
    ],
)
def test_a_failure_says_what_came_nearest(tocsin: Tocsin, write: Any, test: str, words: list[str]) -> None:
    """Whoever broke a rule sees the difference, not only that there is one."""
    pack = tocsin.folder / "rules" / "pack.yaml"
    pack.write_text(
        pack.read_text(encoding="utf-8") + "  - {id: quota, news: {match: quota~ NEAR/3 gallium}}\n", encoding="utf-8"
    )
    write(f"  - name: one\n    news: [{{title: China bans gallium exports}}]\n    {test}\n")
    result = tocsin("test")
    assert result.exit_code == 1
    assert "FAILED  one" in result.stdout
    for word in words:
        assert word in result.stdout
    (record,) = [json.loads(line) for line in tocsin("test", "--json").stdout.splitlines()]
    assert (record["passed"], bool(record["faults"])) == (False, True)


@pytest.mark.parametrize(
    ("negative", "words"),
    [
        ("negative: true", "1 of 1 test passed"),
        ("currency: USD", "0 of 1 test passed"),
    ],
)
def test_a_price_of_a_test_may_be_negative_where_its_instrument_says_so(
    tocsin: Tocsin, negative: str, words: str
) -> None:
    """Oil that costs less than nothing is told once, and stays told while it falls."""
    pack = tocsin.folder / "rules" / "pack.yaml"
    rule = "  - {id: below, price: {instruments: [oil], when: last < 0}}\n"
    pack.write_text(pack.read_text(encoding="utf-8") + rule, encoding="utf-8")
    (tocsin.folder / "rules" / "tests").mkdir(exist_ok=True)
    (tocsin.folder / "rules" / "tests" / "oil.yaml").write_text(
        f"tocsin_test: 1\ninstruments: {{oil: {{class: energy, {negative}}}}}\ntests:\n  - name: below zero\n"
        "    prices: [{instrument: oil, every: 1h, values: [1, 0.5, 0, -0.5, -37.6]}]\n"
        "    expect: [{rule: below, at: 3h}]\n",
        encoding="utf-8",
    )
    assert words in tocsin("test").stderr


@pytest.mark.parametrize(
    ("values", "expected", "words"),
    [
        ("[29, 31, 29, 31.5, 29]", "{rule: above, at: 5m}", "1 of 1 test passed"),
        ("[29, 31, 29, 31.5, 32]", "{rule: above, at: 5m}", "0 of 1 test passed"),
        ("[29, 31, 29, 31.5, 32]", "{rule: above, at: 5m}, {rule: above, at: 15m, sent: 65m}", "1 of 1 test passed"),
        ("[29, 31, 29, 31.5, 29]", "{rule: above, at: 5m}, {rule: above, at: 15m}", "0 of 1 test passed"),
    ],
    ids=["dropped", "still true and not expected", "still true", "dropped and expected"],
)
def test_a_price_that_a_cooldown_held_is_told_only_if_it_is_still_true(
    tocsin: Tocsin, values: str, expected: str, words: str
) -> None:
    """What a test expects is what would have been sent; what was dropped says so where it is missed."""
    pack = tocsin.folder / "rules" / "pack.yaml"
    rule = "  - {id: above, price: {instruments: [tin], when: last > 30}, cooldown: 1h}\n"
    pack.write_text(pack.read_text(encoding="utf-8") + rule, encoding="utf-8")
    (tocsin.folder / "rules" / "tests").mkdir(exist_ok=True)
    (tocsin.folder / "rules" / "tests" / "tin.yaml").write_text(
        "tocsin_test: 1\ninstruments: {tin: {class: metal}}\ntests:\n  - name: tin\n"
        f"    prices: [{{instrument: tin, every: 5m, values: {values}}}]\n    expect: [{expected}]\n",
        encoding="utf-8",
    )
    result = tocsin("test")
    assert words in result.stderr
    if "{rule: above, at: 15m}" in expected:
        assert "it was dropped: no longer true: tin was 29 at 2026-01-05 00:20 UTC" in result.stdout


def test_a_rule_that_is_named_must_not_be_told_once_more(tocsin: Tocsin, write: Any) -> None:
    """`expect` is exhaustive for each rule it names."""
    write(
        "  - name: one\n    news: [{title: China bans gallium}, {at: 1m, title: Congo halts cobalt}]\n"
        "    expect: [{rule: ban, labels: {mineral: gallium}}]\n"
    )
    result = tocsin("test")
    assert result.exit_code == 1
    assert "not expected  metals/ban at 1m high alerted mineral=cobalt: Congo halts cobalt" in result.stdout


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ("  - {name: one, news: [{title: x}]}\n", "4:12: the test expects nothing, so it cannot fail"),
        ("  - {name: one, news: [{title: x}], expect: []}\n", "the test expects nothing"),
        ("  - {name: one, news: [{titel: x}], expect_not: ban}\n", "unknown key titel; did you mean title?"),
        ("  - {name: one, news: [{title: x}], expect_not: bann}\n", "there is no rule bann; did you mean ban?"),
        ("  - {name: one, news: [{title: x}], expect: [{rule: bam}]}\n", "there is no rule bam; did you mean ban?"),
        ("  - {name: one, news: [{title: x, at: 3}], expect_not: ban}\n", "needs a unit: write 3s"),
        ("  []\n", "the file holds no test"),
        ("  - {name: one, expect_not: ban}\n", "the test has neither news nor prices"),
        (
            "  - {name: one, prices: [{instrument: tin, values: [1]}], expect_not: ban}\n",
            "there is no tin under instruments",
        ),
        (
            "  - {name: one, prices: [{instrument: tin, values: [x]}], expect_not: ban}\n",
            "must be a number such as 1250.5",
        ),
        ("  - {name: one, prices: [{instrument: tin, values: []}], expect_not: ban}\n", "values"),
    ],
)
def test_a_faulty_test_is_refused_at_its_place(tocsin: Tocsin, write: Any, test: str, words: str) -> None:
    """A test that cannot fail, or names what is not there, is worse than none."""
    write(test)
    result = tocsin("test")
    assert result.exit_code == 78
    assert words in result.stderr
    assert "one.yaml:" in result.stderr


PRICED = """\
instruments:
  tin: {class: metal, labels: {mineral: tin}}
tests:
  - name: a jump beside news is told with both
    prices:
      - {instrument: tin, values: [100, 100.5], repeat: 10}
      - {instrument: tin, at: 20d, values: [112]}
    news:
      - {at: 19d, title: China bans cobalt exports}
    expect:
      - {rule: spike, at: 20d, severity: high, labels: {mineral: tin}, title: "tin: moves"}
      - {rule: ban-and-move, at: 20d}
"""
RULES = """\
tocsin: 1
rules:
  - id: spike
    title: "{instrument}: moves"
    severity: high
    price: {instruments: {class: metal}, when: change(1td) >= 5%}
  - id: ban-and-move
    all_of: [ban, spike]
    within: 48h
"""


def test_prices_are_tested_with_news(tocsin: Tocsin, write: Any) -> None:
    """Weeks of a price are one line, and what joins news and prices is tested like any other rule."""
    (tocsin.folder / "rules" / "prices.yaml").write_text(RULES, encoding="utf-8")
    path = write("")
    path.write_text(f"tocsin_test: 1\n{PRICED}", encoding="utf-8")
    result = tocsin("test")
    assert result.exit_code == 0, result.stdout


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("values: [112]", "values: [103]", "nearest   tin: change(1td) = +2.49% on 100.5 of"),
        ("repeat: 10", "repeat: 2", "change(1td) = unknown"),
        ("at: 20d, severity", "at: 20d, fate: held, severity", "fate: held wanted, alerted found"),
        ("at: 19d, title: China bans", "at: 19d, title: China sells", "its members never came together in its window"),
        ("class: metal", "class: fx", "it is about none of the instruments of this file"),
    ],
)
def test_a_failure_about_prices_says_the_numbers(tocsin: Tocsin, write: Any, old: str, new: str, words: str) -> None:
    """Whoever set a threshold sees what was measured."""
    (tocsin.folder / "rules" / "prices.yaml").write_text(RULES, encoding="utf-8")
    path = write("")
    path.write_text(f"tocsin_test: 1\n{PRICED.replace(old, new)}", encoding="utf-8")
    result = tocsin("test")
    assert result.exit_code == 1
    assert words in result.stdout, result.stdout


def test_no_test_at_all_and_a_missing_file_are_said(tocsin: Tocsin) -> None:
    """A green run of nothing would be a lie."""
    assert tocsin("test").exit_code == 2
    assert tocsin("test", str(tocsin.folder / "none.yaml")).exit_code == 78


@pytest.mark.no_cover
def test_the_shipped_pack_keeps_its_tests() -> None:
    """The tests beside the pack are its living documentation."""
    result = CliRunner().invoke(app, ["test", str(ROOT / "rules/critical-minerals/tests/stories.yaml")])
    assert result.exit_code == 0, result.stdout
    assert "9 of 9 tests passed" in result.stderr


LANGUAGES = """\
tocsin: 1
pack: {id: curbs, version: 1.0.0, distinguish: [actor]}
lists:
  mineral: {gallium: [gallium, 镓, ガリウム]}
  country: {cn: [China, 商务部, 中国], us: [Washington]}
  curb: [ban~, curb~, 管制, 規制]
expressions:
  acts: {match: $country CLAUSE $curb, labels: {actor: country}}
rules:
  - {id: curb, news: {match: $mineral SENT @acts}, key: [mineral], fires: [China bans gallium], quiet: [Gallium]}
"""
NOTICE = """\
  - name: two reports of a notice are the notice, and an answer to it is not
    news:
      - {at: 0h, source: ministry, title: 商务部对镓实施出口管制}
      - {at: 1h, source: wire, title: China bans sales of gallium to chip makers}
      - {at: 2h, source: paper, title: 中国がガリウムの輸出を規制}
      - {at: 3h, source: wire, title: Washington curbs shipments of its gallium}
    expect:
      - {rule: curb, at: 0h, fate: alerted, labels: {actor: cn}}
      - {rule: curb, at: 3h, fate: held, labels: {actor: us}}
"""


def test_a_notice_and_reports_of_it_in_other_languages_are_one_alert(tocsin: Tocsin) -> None:
    """They share no word, but rule, mineral and the actor that an expression of the pack names."""
    folder = tocsin.folder / "curbs" / "tests"
    folder.mkdir(parents=True)
    (folder.parent / "pack.yaml").write_text(LANGUAGES, encoding="utf-8")
    (folder / "one.yaml").write_text(HEAD + NOTICE, encoding="utf-8")
    result = tocsin("test", str(folder / "one.yaml"), config=False)
    assert (result.exit_code, result.stdout) == (0, "")
