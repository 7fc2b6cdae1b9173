"""Rule packs: from a folder to rules that run, and what happens when a file is wrong."""

from __future__ import annotations

import gc
from datetime import timedelta
from pathlib import Path

import pytest

from tocsin.config.loading import LoadedRules, load_rules
from tocsin.config.packs import parse_pack
from tocsin.config.shipped import find_pack
from tocsin.errors import ConfigError
from tocsin.model.rules import Located, Severity
from tocsin.rules.scope import Scope
from tocsin.rules.spec import Override, PackSpec, RuleSpec

HEAD = "tocsin: 1\npack: {id: metals, version: 1.0.0}\n"
LISTS = """\
tocsin: 1
lists:
  mineral:
    gallium: [gallium, 镓]
    silver: [silver, -silver medal]
  restrict: [ban~, curb~]
"""
RULES = """\
tocsin: 1
rules:
  - id: export-ban
    title: "{mineral}: export ban"
    severity: high
    event: trade.export.restrict
    news:
      match: |
        $mineral SENT ($restrict NEAR/8 export~)
      unless: |
        title("market to reach" OR CAGR)
      severity_if:
        - critical: tier=primary
        - medium: "may" NEAR/5 $restrict
    key: [mineral]
    cooldown: 6h
    fires: [China bans exports of gallium]
    quiet: [Silver medal for China, no: 5]
"""


def write(folder: Path, **files: str) -> Path:
    """A pack's folder."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def problems(**files: str) -> list[str]:
    """What is wrong with a pack, without the lines that are shown."""
    _, found = parse_pack([(f"{name}.yaml", text) for name, text in files.items()])
    return [str(problem).split("\n", maxsplit=1)[0] for problem in found]


def test_a_folder_is_one_pack(tmp_path: Path) -> None:
    """Lists of one file serve the rules of another; every value arrives."""
    rules = RULES.replace(", no: 5]", "]").replace('"may" NEAR', "may NEAR")
    loaded = load_rules([write(tmp_path / "p", a=HEAD, b=LISTS, c=rules)])
    rule = loaded.rules.rules["metals/export-ban"]
    assert rule.info.severity is Severity.HIGH
    assert rule.info.cooldown == timedelta(hours=6)
    assert rule.info.key == ("mineral",)
    assert str(rule.info.position).endswith("c.yaml:3:9")
    assert [level for level, _ in rule.severity_if] == [Severity.CRITICAL, Severity.MEDIUM]
    assert loaded.warnings == ()


def test_what_a_pack_distinguishes_is_known_of_each_of_its_rules(tmp_path: Path) -> None:
    """The decision, which knows no label by its name, reads it there; what a rule means changes with it."""
    more = "  - {id: twice, count: {rule: export-ban, at_least: 2}, within: 2h}\n"
    plain, named = (
        load_rules(
            [
                write(
                    tmp_path / name,
                    a=head,
                    b=LISTS,
                    c=RULES.replace(", no: 5]", "]").replace('"may" NEAR', "may NEAR") + more,
                )
            ]
        )
        for name, head in (("p", HEAD), ("q", HEAD.replace("1.0.0", "1.0.0, distinguish: mineral")))
    )
    assert {info.distinguish for info in plain.rules.infos.values()} == {()}
    assert {info.distinguish for info in named.rules.infos.values()} == {("mineral",)}
    assert plain.rules.infos["metals/twice"].hash != named.rules.infos["metals/twice"].hash


def test_defaults_make_a_short_rule_a_good_one() -> None:
    """An id and a match are enough."""
    spec, found = parse_pack([("a.yaml", HEAD + "rules:\n  - id: gallium-news\n    news: {match: gallium}\n")])
    assert found == ()
    assert spec is not None
    (rule,) = spec.rules
    assert (rule.title, rule.event, rule.severity) == ("Gallium news", "custom.gallium-news", Severity.MEDIUM)
    assert [name.text for name in rule.key] == ["story"]
    assert rule.cooldown == timedelta(hours=12)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rules: []", "tocsin is missing here"),
        ("tocsin: 2", "tocsin must be 1"),
        ("tocsin: 1\nrule: []", "unknown key rule; did you mean rules?"),
        ("tocsin: 1\nrules: [{id: a}]", "a rule needs one of news, price, all_of, any_of, count"),
        ("tocsin: 1\nrules: [{id: a, news: {match: x}, severty: high}]", "unknown key severty; did you mean severity?"),
        (
            "tocsin: 1\nrules: [{id: a, price: {instruments: [tin], when: last > 1}, recovered: true}]",
            "unknown key recovered here; it belongs inside of price",
        ),
        (
            "tocsin: 1\nrules: [{id: a, count: {rule: b}, none_within: 24h}]",
            "unknown key none_within here; it belongs inside of count",
        ),
        ("tocsin: 1\nrules: [{id: a, news: {match: x}, severity: hgh}]", "must be info, low, medium, high or critical"),
        ("tocsin: 1\nrules: [{id: a, news: {match: x}, cooldown: 5}]", "cooldown needs a unit"),
        ("tocsin: 1\nrules: [{id: a b, news: {match: x}}]", "id must be letters"),
        ("tocsin: 1\nlists: {a: b}", "a list must be terms in square brackets"),
        ("tocsin: 1\nlists: {a: []}", "the list is empty"),
        ("tocsin: 1\nlists: {a: [[b]]}", "a term must be text"),
        ("tocsin: 1\nlists: {a: ['']}", "a term must not be empty"),
        ("tocsin: 1\nlists: {a: [x]}", "one file of the folder must name the pack"),
        ("tocsin: 1\n  x: y", "a.yaml:2"),
        ("tocsin: 1\nexpressions: {a: [x]}", "a must be text"),
        ("tocsin: 1\nexpressions: {a: {match: x, fire: [y]}}", "unknown key fire; did you mean fires?"),
        ("tocsin: 1\nexpressions: {a: {fires: [y]}}", "match is missing here"),
        ("tocsin: 1\nexpressions: {a_b: x}", "the name of an expression must be small letters"),
        ("tocsin: 1\nlists: {A: [x]}", "the name of a list must be small letters"),
        ("tocsin: 1\nexpressions: {a: {match: x, labels: [[y]]}}", "labels must be names of labels"),
        ("tocsin: 1\nexpressions: {a: {match: x, labels: {y: [[z]]}}}", "labels must be names of labels"),
        ("tocsin: 1\nexpressions: {a: {match: x, labels: {y: {z: w}}}}", "labels must be names of labels"),
        ("tocsin: 1\nexpressions: {a: {match: x, labels: 5}}", "labels must be names of labels"),
        ("tocsin: 1\nexpressions:\n  a: x\nlists: {a: [x]}", "a is the name of a list and of an expression, first at"),
        ("tocsin: 1\nexpressions:\n  a: @b NEAR/3 c", "a.yaml:3:6: a value cannot begin with @; write `a: |` and the"),
        ("tocsin: 1\nexpressions: {a: {match: @b}}", "write `match: |` and the expression on the next line"),
        ("tocsin: 1\nrules:\n  - id: r\n    news:\n      match: @b", "write `match: |` and the expression on the next"),
    ],
)
def test_a_fault_of_shape_names_its_remedy(text: str, words: str) -> None:
    """Closed shapes: a typo is an error, not a rule that never fires."""
    assert any(words in problem for problem in problems(a=text)), problems(a=text)


def test_named_expressions_arrive_with_their_examples(tmp_path: Path) -> None:
    """In any file of the folder, as a text or as a map."""
    more = """\
tocsin: 1
lists: {metal: {steel: [steel]}}
expressions:
  curb: |
    $restrict NOT NEAR/3 lift~
  deal:
    match: $mineral NEAR/4 '@curb'
    fires: [Gallium ban]
    quiet: [Gallium]
    labels: {metal: mineral}
    note: Is what happens.
  quoted: "@curb OR quota"
  hidden: {match: $mineral, labels: []}
  shown: {match: $mineral, labels: mineral}
  joined: {match: $mineral OR $metal, labels: {metal: [mineral, metal]}}
rules:
  - {id: r, news: {match: "@deal OR @quoted"}, key: [metal]}
""".replace("'@curb'", "@curb")
    folder = write(tmp_path / "p", a=HEAD, b=LISTS, c=more)
    spec, found = parse_pack([(path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.iterdir())])
    assert found == ()
    assert spec is not None
    curb, deal, quoted, hidden, shown, joined = spec.expressions
    assert (curb.match.text, curb.labels) == ("$restrict NOT NEAR/3 lift~\n", None)
    assert [text.text for text in (*deal.fires, *deal.quiet)] == ["Gallium ban", "Gallium"]
    assert quoted.match.text == "@curb OR quota"
    assert [
        [(out.text, own.text) for out, own in one.labels or ()] if one.labels is not None else None
        for one in (deal, hidden, shown, joined)
    ] == [[("metal", "mineral")], [], [("mineral", "mineral")], [("metal", "mineral"), ("metal", "metal")]]
    loaded = load_rules([folder])
    assert list(loaded.rules.rules) == ["metals/r"]


def test_a_list_and_an_expression_of_one_name_are_a_fault() -> None:
    """Whoever reads the name knows what it is."""
    more = "tocsin: 1\nexpressions:\n  mineral: x\n"
    assert (
        "b.yaml:3:3: mineral is the name of a list and of an expression, first at a.yaml:3; they share their names"
        in (problems(a=LISTS, b=more))
    )
    assert any("the expression mineral is defined twice" in words for words in problems(a=more, b=more))


def test_lists_and_heads_stand_once() -> None:
    """Two files that both define a list, or both name the pack, are a mistake of copying."""
    assert "b.yaml:3:3: the list mineral is defined twice, first at a.yaml:3" in problems(a=LISTS, b=LISTS)
    assert any("two files of the folder name the pack" in p for p in problems(a=HEAD, b=HEAD))


def test_every_fault_of_every_file_comes_at_once(tmp_path: Path) -> None:
    """An unknown list, an example that does not fire, and a typo elsewhere, in one go."""
    rules = """\
tocsin: 1
rules:
  - id: one
    news: {match: $metals}
  - id: two
    news: {match: gallium}
    fires: [Silver rises]
    quiet: [Gallium falls]
"""
    with pytest.raises(ConfigError) as caught:
        load_rules([write(tmp_path / "p", a=HEAD, b=LISTS, c=rules), tmp_path / "none"])
    text = str(caught.value)
    assert "unknown list $metals" in text
    assert "this should fire metals/two, but does not" in text
    assert "this should not fire metals/two, but does, by: Gallium" in text
    assert "none is not a folder of rules" in text


def test_an_empty_folder_is_a_fault(tmp_path: Path) -> None:
    """A path that holds no rules is a typo, not a wish for silence."""
    with pytest.raises(ConfigError, match=r"holds no \.yaml file: write a rule into it, or take it out of rules:"):
        load_rules([write(tmp_path / "p")])


def test_a_faulty_pack_runs_from_its_last_good_version(tmp_path: Path) -> None:
    """A typo at night costs nothing: the rules of yesterday go on, and it is said."""
    folder = write(tmp_path / "p", a=HEAD, b="tocsin: 1\nrules:\n  - id: g\n    news: {match: gallium}\n")
    good = load_rules([folder]).packs[0]
    write(folder, b="tocsin: 1\nrules:\n  - id: g\n    news: {match: $nothing}\n")
    kept = {good.folder: good.files}
    loaded = load_rules([folder], kept.get)
    assert list(loaded.rules.rules) == ["metals/g"]
    (pack,) = loaded.packs
    assert (pack.kept_back, pack.hash) == (True, good.hash)
    assert "unknown list $nothing" in pack.words
    with pytest.raises(ConfigError):
        load_rules([folder])


def test_two_packs_with_one_id_are_refused(tmp_path: Path) -> None:
    """`metals/g` must mean one rule."""
    one = write(tmp_path / "a", a=HEAD + "rules:\n  - id: g\n    news: {match: gallium}\n")
    two = write(tmp_path / "b", a=HEAD + "rules:\n  - id: h\n    news: {match: gallium}\n")
    with pytest.raises(ConfigError, match="two packs have the id metals"):
        load_rules([one, two])


#: A pack that is good as it stands.
OWN = f"""\
{HEAD}rules:
  - id: ban
    news: {{match: gallium NEAR/3 ban~}}
    fires: [A ban of gallium]
    quiet: [Gallium grows]
"""


def test_what_rules_were_made_of_is_gone_at_once() -> None:
    """Specs with all their texts in a circle would be kept until garbage is collected, which a daemon hardly ever does."""
    folder = find_pack("energy")
    assert folder

    def specs() -> list[object]:
        return [one for one in gc.get_objects() if isinstance(one, PackSpec | RuleSpec | Scope)]

    gc.collect()
    before = len(specs())
    gc.disable()
    try:
        loaded = load_rules([folder], tried=False)
        left = len(specs()) - before
    finally:
        gc.enable()
    assert loaded.rules.infos
    assert left == 0


def test_a_pack_that_ran_before_is_not_tried_again(tmp_path: Path) -> None:
    """A start takes half of its time for examples that passed before; any change of a file has them run again."""
    wrong = OWN.replace("Gallium grows", "Gallium ban")
    folder = write(tmp_path / "metals", rules=wrong)
    ran = load_rules([folder], tried=False).packs[0].hash
    assert load_rules([folder], known=lambda _: ran).rules.infos
    for known in ("", "another version"):
        with pytest.raises(ConfigError, match="should not fire metals/ban"):
            load_rules([folder], known=lambda _, hash_=known: hash_)
    write(folder, rules=f"{wrong}# changed\n")
    with pytest.raises(ConfigError, match="should not fire metals/ban"):
        load_rules([folder], known=lambda _: ran)


def test_warnings_about_rules_of_ones_own_come_at_every_start(tmp_path: Path) -> None:
    """Only shipped packs are known to have none."""
    folder = write(tmp_path / "metals", rules=OWN.replace("    quiet:", "    x-quiet:"))
    first = load_rules([folder])
    again = load_rules([folder], known=lambda _: first.packs[0].hash)
    assert first.warnings
    assert again.warnings == first.warnings


def located(text: str) -> Located:
    """Return *text* as the configuration has it."""
    return Located(text=text, file="config.yaml", lines=((0, 1, 1),), source_lines=(text,))


def test_an_override_of_a_shipped_pack_that_ran_before_is_checked_at_every_start() -> None:
    """What an operator changes was never tried, however often the pack ran: a fault refuses it, a mistake is a warning."""
    folder = find_pack("energy")
    assert folder
    known = load_rules([folder], tried=False).packs[0].hash

    def load(unless: str) -> LoadedRules:
        override = Override(rule=located("energy/outage"), unless=located(unless))
        return load_rules([folder], overrides=[override], known=lambda _: known)

    assert not load("drill").warnings
    assert "the is in nearly every text" in str(load("drill OR the").warnings[0])
    with pytest.raises(ConfigError, match=r"unknown list \$nothing"):
        load("$nothing")
