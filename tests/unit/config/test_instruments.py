"""Instruments of the configuration, and price rules of a pack."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path

import pytest

from tocsin.config.config import load_config
from tocsin.config.instruments import parse_hours, write_hours
from tocsin.config.packs import parse_pack
from tocsin.config.priced_rules import check_rules
from tocsin.config.show import show
from tocsin.errors import ConfigError
from tocsin.model.prices import Hours, Instrument
from tocsin.rules.compile import compile_packs

HEAD = "sources: {a: {feed: https://example.org/feed}}\nreceivers: {here: {console: true}}\n"


def load(tmp_path: Path, text: str):
    """A configuration with these instruments."""
    path = tmp_path / "config.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return load_config(path, {})


def pack(text: str):
    """A pack whose one rule has this condition, and its faults."""
    spec, problems = parse_pack([("p.yaml", f"tocsin: 1\npack: {{id: p}}\nrules:\n  - id: r\n{text}")])
    if spec is None:
        return None, problems
    return compile_packs([spec])


def test_an_instrument_has_what_the_file_says_and_good_defaults(tmp_path):
    """One line is enough; everything else can be said."""
    text = (
        "instruments:\n  tin: {}\n  bund: {negative: true}\n"
        "  MP: {class: smallcap, currency: USD, unit: share, session: mon-fri 09:30-16:00 America/New_York,"
        " labels: {mineral: [rare-earths, ndpr]}}\n"
    )
    config = load(tmp_path, text)
    assert config.instruments[0] == Instrument(id="tin")
    hours = Hours(days=frozenset(range(5)), opens=time(9, 30), closes=time(16), zone="America/New_York")
    labels = {"mineral": ("rare-earths", "ndpr")}
    assert config.instruments[1] == Instrument(id="bund", negative=True)
    assert config.instruments[2] == Instrument(
        id="MP", kind="smallcap", currency="USD", unit="share", session=hours, labels=labels
    )
    assert show(config)["instruments"]["MP"]["session"] == "mon-fri 09:30-16:00 America/New_York"
    assert "session" not in show(config)["instruments"]["tin"]
    assert [item["negative"] for item in show(config)["instruments"].values()] == [False, True, False]


@pytest.mark.parametrize(
    ("instrument", "words"),
    [
        (
            "{sources: [yaho:MP]}",
            (
                "there is no price source yaho; did you mean yahoo?; there are yahoo, "
                "alpaca, ecb, finnhub, fred, metalpriceapi, twelvedata"
            ),
        ),
        ("{sources: MP}", "must be a source and a symbol, such as yahoo:MP"),
        ("{sources: ['yahoo:']}", "must be a source and a symbol, such as yahoo:MP"),
        ("{session: 9-17}", "session must be days, times and a zone, such as mon-fri 09:30-16:00 America/New_York"),
        (
            "{session: mon-fri 25:00-16:00 UTC}",
            "session must be days, times and a zone, such as mon-fri 09:30-16:00 America/New_York",
        ),
        (
            "{session: mno-fri 09:30-16:00 UTC}",
            "session has no day mno; the days are mon, tue, wed, thu, fri, sat, sun; did you mean mon?",
        ),
        (
            "{session: mon-fri 09:30-16:00 Mars}",
            "session has no time zone Mars; write one such as Europe/London or UTC",
        ),
        ("{clas: metal}", "unknown key clas; did you mean class?"),
    ],
)
def test_a_faulty_instrument_says_what_to_write(tmp_path, instrument, words):
    """The file is put right in one go."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f"instruments:\n  MP: {instrument}\n")
    [problem] = caught.value.problems
    assert problem.message == words
    assert (problem.position.line, problem.position.file.endswith("config.yaml")) == (4, True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mon-fri 09:30-16:00 UTC", None),
        ("sun-thu 10:00-15:00 Asia/Riyadh", None),
        ("mon 18:00-17:00 UTC", None),
        ("mon-sun 00:00-24:00 UTC", "mon-sun 00:00-00:00 UTC"),
        ("Mon-Fri  9:30-16:00 UTC", "mon-fri 09:30-16:00 UTC"),
    ],
)
def test_a_session_is_shown_as_it_was_understood(text, shown):
    """`config show` says what the daemon goes by."""
    assert write_hours(parse_hours(text)) == (shown or text)


def test_a_price_rule_has_good_defaults():
    """Instruments and a condition are a whole rule."""
    rules, problems = pack("    price: {instruments: tin, when: last > 3}\n")
    assert not problems
    rule = rules.prices["p/r"]
    assert (rule.info.key, rule.info.cooldown, rule.info.event) == (("instrument",), timedelta(hours=12), "custom.r")
    assert (rule.stale_after, rule.min_obs, rule.confirm, rule.clear) == (timedelta(hours=48), 10, 1, None)
    assert rule.instruments == {"tin"}
    assert rules.find("r") == rule.info


def test_whatever_a_price_rule_means_is_in_its_hash():
    """An edited rule is another rule to everything that asks whether it changed."""
    base = {"instruments": "[a]", "when": "last > 3"}
    variants = [
        {},
        {"instruments": "[b]"},
        {"instruments": "{class: a}"},
        {"when": "last > 4"},
        {"clear": "last < 2"},
        {"stale_after": "1h"},
        {"min_obs": "1"},
        {"confirm": "2"},
    ]
    hashes = set()
    for change in variants:
        fields = ", ".join(f"{key}: {value}" for key, value in (base | change).items())
        rules, _ = pack(f"    price: {{{fields}}}\n")
        hashes.add(rules.prices["p/r"].info.hash)
        assert rules.hash != pack("    news: {match: tin}\n")[0].hash
    assert len(hashes) == len(variants)


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ("    price: {instruments: tin}\n", "when is missing here: the comparison that makes the rule fire when it becomes true, such as abs(z(20d)) >= 4", (5, 13)),
        ("    price: {when: last > 3}\n", "instruments is missing here: the instruments: a class such as {class: equity}, or ids such as [copper, tin]", (5, 13)),
        ("    price: {instruments: [], when: last > 3}\n", "name the instruments: {class: metal}, or a list of their ids: [copper, tin]", (5, 26)),
        ("    price: {instruments: {clas: x}, when: last > 3}\n", "name the instruments: {class: metal}, or a list of their ids: [copper, tin]", (5, 26)),
        ("    price: {instruments: a, when: last > 3, confirm: 0}\n", "confirm must be 1 or more", (5, 54)),
        ("    price: {instruments: a, when: last > 3, cler: last < 3}\n", "unknown key cler; did you mean clear?", (5, 45)),
        ("    price: {instruments: a, when: last > 3, clear: z(1h) < 3}\n", "z over a wall-clock window has no sigma to be measured by; count sessions: z(1td)", (5, 54)),
        ("    price: {instruments: a, when: last > 3 annd gap > 1}\n", "annd is not expected here; join conditions with and, or", (5, 44)),
        ("    price: {instruments: a, when: last > 3}\n    news: {match: tin}\n", "a rule has one condition, and news is one; write two rules and join them with all_of", (5, 5)),
        ("    price: {instruments: a, when: last > 3}\n    fires: [Tin rises]\n", "fires and quiet are examples of news; a price rule has none", (6, 13)),
        ("    title: x\n", "a rule needs one of news, price, all_of, any_of, count", (4, 5)),
    ],
)  # fmt: skip
def test_a_faulty_price_rule_says_where_and_what(text, words, place):
    """Every fault at its line and column."""
    _, problems = pack(text)
    [problem] = problems
    assert problem.message == words
    assert (problem.position.line, problem.position.column) == place


def test_a_rule_about_no_instrument_is_a_warning():
    """A rule that nothing can meet would be silent for ever."""
    rules, _ = pack(
        "    price: {instruments: [tin, copper], when: last > 3}\n  - id: s\n    price: {instruments: {class: metl}, when: last > 3}\n"
    )
    found = list(check_rules(rules, [Instrument(id="copper", kind="metal"), Instrument(id="ti", kind="metal")]))
    assert [item.message for item in found] == [
        "p/r: the configuration has no instrument tin; did you mean ti?",
        "p/s: the configuration has no instrument of the class metl; did you mean metal?",
    ]
    assert all(item.warning and item.position for item in found)


def test_an_instrument_that_only_a_condition_names_is_missed_too():
    """A ratio to a price that nobody brings is unknown for ever, and a typo in it is the first mistake."""
    rules, _ = pack("    price: {instruments: {class: metal}, when: last / last(golt) > 3}\n")
    metals = [Instrument(id="copper", kind="metal"), Instrument(id="gold", kind="metal")]
    [found] = check_rules(rules, metals)
    assert found.message == "p/r: the configuration has no instrument golt; did you mean gold?"


def test_who_has_no_prices_is_told_so_once_a_pack():
    """Nine warnings at each start would hide the tenth, which is about a mistake."""
    rules, _ = pack(
        "    price: {instruments: [tin, zinc], when: last > 3}\n"
        "  - id: s\n    price: {instruments: {class: metal}, when: last > 3}\n"
        "  - id: t\n    price: {instruments: {class: metal}, when: last > 4}\n"
    )
    [none] = check_rules(rules, [])
    assert none.message == (
        "p: 3 price rules lack an instrument: the configuration has none of the class metal and none named tin, zinc; "
        "they stay silent until instruments: has one"
    )
    assert not list(check_rules(rules, [], shipped=["p"]))
    [one] = check_rules(rules, [Instrument(id="tin", kind="metal")], shipped=["p"])
    assert one.message == (
        "p: 1 price rule lacks an instrument: the configuration has none named zinc; "
        "it stays silent until instruments: has one"
    )
