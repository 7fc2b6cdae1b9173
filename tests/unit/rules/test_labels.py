"""Labels of a match, and tests of labels and of age."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tocsin.rules.compile import compile_packs

LABELS = {
    "one": ("$mineral", "Gallium", ("gallium",)),
    "in the order of the text": ("$mineral", "Germanium, then gallium", ("germanium", "gallium")),
    "each once": ("$mineral", "Gallium, gallium arsenide", ("gallium",)),
    "coordinated": (
        "$mineral NEAR/1 exports",
        "Gallium, germanium and antimony exports",
        ("gallium", "germanium", "antimony"),
    ),
    "not coordinated": ("$mineral NEAR/1 exports", "Gallium up, germanium exports", ("germanium",)),
    "two pairs": ("$mineral NEAR/1 exports", "Gallium exports, germanium exports", ("gallium", "germanium")),
    "joined by AND alone": ("$mineral AND ban", "Gallium up. Germanium ban", ("gallium",)),
    "joined by AND alone, coordinated": (
        "$mineral AND ban",
        "Gallium and cobalt up. Germanium ban",
        ("gallium", "cobalt"),
    ),
    "a bracket changes nothing": ("($mineral) AND ban", "Gallium up. Germanium ban", ("gallium",)),
    "excluded": ("$mineral", "Silver medal for gallium", ("gallium",)),
    "dropped": ("$mineral NOT NEAR/1 up", "Gallium up but germanium down", ("germanium",)),
    "of the right side": ("ban NEAR/3 $mineral", "Ban on gallium", ("gallium",)),
    "what drops gives none": ("ban NOT NEAR/1 $mineral", "Ban lifted. Gallium", None),
}


@pytest.mark.parametrize(("expression", "text", "values"), LABELS.values(), ids=LABELS)
def test_a_match_is_labelled_by_its_hits(
    bench: Any, expression: str, text: str, values: tuple[str, ...] | None
) -> None:
    """The label says which metal, and no metal that merely stands nearby."""
    assert bench.labels(expression, text).get("mineral") == values


MARKED = {
    "coordinated": (
        "$mineral NEAR/1 exports",
        "Gallium, germanium and cobalt exports",
        ["Gallium", "germanium", "cobalt"],
    ),
    "coordinated in Chinese": ("$mineral BEFORE/1 出口", "镓、锗和钴出口", ["镓", "锗", "钴"]),
    "of each label the first": ("$mineral NEAR/1 exports", "Gallium, 镓 and cobalt exports", ["Gallium", "cobalt"]),
    "its own place too": ("$mineral NEAR/1 exports", "Gallium, cobalt and 镓 exports", ["Gallium", "cobalt", "镓"]),
    "joined by AND alone": ("$mineral AND ban", "Gallium and cobalt up. Germanium ban", ["Gallium", "cobalt"]),
    "not coordinated": ("$mineral NEAR/1 exports", "Gallium up, germanium exports", ["germanium"]),
    "of a list without labels": ("$hedge NEAR/1 exports", "May or might exports", ["might"]),
}


@pytest.mark.parametrize(("expression", "text", "words"), MARKED.values(), ids=MARKED)
def test_a_label_that_is_claimed_is_marked(bench: Any, expression: str, text: str, words: list[str]) -> None:
    """Somebody who reads that it is about germanium sees where the text says so."""
    (match,) = bench.judge(bench.compile(bench.rule(expression)), text).matches
    marked = [text[span.start : span.end] for span in match.spans]
    assert [word for word in marked if word not in ("exports", "ban", "出口")] == words


def test_a_hit_marks_twenty_words_of_a_table(bench: Any) -> None:
    """A body that is a list of two hundred names makes no proof of a megabyte."""
    names = [f"name{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(200)]
    proof = bench.prove(
        "$many NEAR/1 exports", " and ".join(names) + " exports", lists={"many": {n: [n] for n in names}}
    )
    (hit,) = proof.hits
    assert len(hit.labels) == 200
    assert len(hit.spans) == 22  # with the pair itself


def test_a_term_of_two_labels_gives_one_hit_with_both(bench: Any) -> None:
    """A magnet maker is a company of two groups, and still one word of the text."""
    lists = {"group": {"magnets": ["lynas"], "miners": ["lynas", "iluka"]}}
    assert bench.hits("$group", "Lynas up", lists=lists) == ["Lynas"]
    assert bench.labels("$group NEAR/1 up", "Lynas up", lists=lists) == {"group": ("magnets", "miners")}


def test_labels_of_the_source_are_labels_of_the_match(bench: Any) -> None:
    """A route can ask for the tier of a source; what the text says goes before what the source is known for."""
    entry = bench.entry("Gallium", labels={"tier": ("primary",), "mineral": ("cobalt",)})
    assert bench.labels("$mineral", entry) == {"tier": ("primary",), "mineral": ("gallium",)}


def test_two_packs_with_a_list_of_one_name_keep_their_labels(bench: Any) -> None:
    """Every pack has a list `mineral`, and each means its own."""
    packs = [
        bench.pack(
            bench.rule("$mineral"),
            bench.rule("ban NEAR/5 $mineral", name="q"),
            name=name,
            lists={"mineral": {label: ["gallium"]}},
        )
        for name, label in (("one", "ga"), ("two", "metal"))
    ]
    rules, problems = compile_packs(packs)
    assert problems == ()
    found = {match.rule.id: match.labels["mineral"] for match in bench.judge(rules, "Gallium ban").matches}
    assert found == {"one/r": ("ga",), "one/q": ("ga",), "two/r": ("metal",), "two/q": ("metal",)}


TESTS = {
    "label": ("ban AND tier=primary", True),
    "another value": ("ban AND tier=trade", False),
    "quoted value": ('ban AND tier="primary"', True),
    "capitals in the name": ("ban AND Tier=primary", False),
    "absent label": ("ban AND region=asia", False),
    "not": ("ban AND NOT tier=trade", True),
    "source": ("ban AND source=s", True),
    "another source": ("ban AND source=t", False),
    "language": ("ban AND lang=zh", True),
    "language in capitals": ("ban AND lang=ZH-HK", True),
    "another language": ("ban AND lang=en", False),
    "young": ("ban AND age<2h", True),
    "too old": ("ban AND age<1h", False),
    "just as old, not under": ("ban AND age<90m", False),
    "just as old": ("ban AND age<=90m", True),
    "older": ("ban AND age>1h", True),
    "at least as old": ("ban AND age >= 5400s", True),
    "not a day old": ("ban AND age>1d", False),
    "not weeks old": ("ban AND age>2w", False),
    "the whole expression": ("tier=primary", True),
    "a label of the text is not one of the entry": ("$mineral AND mineral=gallium", False),
}


@pytest.mark.parametrize(("expression", "holds"), TESTS.values(), ids=TESTS)
def test_label_and_age_tests_look_at_the_entry(bench: Any, expression: str, holds: bool) -> None:
    """A ministry's own notice weighs more than a blog's, and last year's news weighs nothing."""
    entry = bench.entry(
        "Gallium ban", language="zh-hk", labels={"tier": ("primary",)}, published=bench.now - timedelta(minutes=90)
    )
    proof = bench.prove(expression, entry)
    assert proof.holds is holds
    assert (bench.labels(expression, entry) is not None) is holds


KNOWN_BY = {
    "publisher": ("publisher=reuters", True),
    "part of a publisher": ("publisher=Reut", False),
    "publisher of two words": ('publisher="Financial Times"', False),
    "author": ('author="jane doe"', True),
    "the second author": ('author="José Núñez"', True),
    "part of an author": ("author=Jane", False),
    "category": ("category=MINING", True),
    "another category": ('category="Trade & Policy"', True),
    "no category": ("category=Trade", False),
    "not a category": ("NOT category=Mining", False),
    "host": ("url=example.org", True),
    "host with www": ("url=www.Example.org", True),
    "host with a scheme": ("url=https://example.org/", True),
    "part of a host": ("url=example", False),
    "end of a host": ("url=ample.org", False),
    "host that goes on": ("url=example.org.evil.test", False),
    "start of the address": ("url=example.org/metals/", True),
    "start with a scheme": ("url=http://www.example.org/metals/gal", True),
    "another path": ("url=example.org/tin", False),
    "a path alone": ("url=/metals", False),
    "nothing": ("url=/", False),
}


@pytest.mark.parametrize(("test", "holds"), KNOWN_BY.values(), ids=KNOWN_BY)
def test_what_an_entry_is_known_by_is_compared(bench: Any, test: str, holds: bool) -> None:
    """Readers ask for one paper, columnist or section more often than for anything else."""
    entry = replace(
        bench.entry("Gallium ban"),
        publisher="Reuters",
        authors=("Jane Doe", "José Núñez"),
        categories=("Mining", "Trade & policy"),
        canonical_link="https://example.org/metals/gallium?a=1",
    )
    assert bench.prove(f"ban AND {test}", entry).holds is holds


def test_an_address_that_has_no_canonical_form_is_compared_as_it_was_given(bench: Any) -> None:
    """An aggregator's link says where the entry came from, at least."""
    entry = replace(bench.entry("Gallium ban"), link="https://news.example/rss/articles/1")
    assert bench.prove("ban AND url=news.example", entry).holds


def test_an_entry_without_an_address_stands_nowhere(bench: Any) -> None:
    """A mail has no link, and no start of an address is the start of none."""
    assert not bench.prove("ban AND url=/", bench.entry("Ban")).holds


def test_an_entry_without_a_date_is_as_old_as_its_discovery(bench: Any) -> None:
    """A feed without dates is news when it is seen."""
    assert bench.prove("ban AND age<1m", bench.entry("Ban", published=None)).holds
