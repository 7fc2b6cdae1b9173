"""The index: it saves work, and never loses a match."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tocsin.rules.news.index import Index
from tocsin.text.prefilter import FoldedWords, gist, gist_of, pieces, simplified
from tocsin.text.sentences import split

THOROUGH = settings(max_examples=300, deadline=None)
#: What terms and texts are made of, so that the first often stand in the second.
ATOMS = [
    *("gallium", "Gallium's", "exports", "ban", "US", "U.S.", "us", "D.R.C.", "rare", "earth", "5G", "ga2o3", "2025"),
    *("10%", "10 %", "$MP", "$1.5bn", "€20", "1,250.5", "niño", "nin\u0303o", "Straße", "STRASSE", "ﬁnance", "finance"),
    *(
        "İhracat",
        "ΣΊΣΥΦΟΣ",
        "σίσυφοσ",
        "ＧＡＬＬＩＵＭ",
        "gal\u00adlium",
        "gal\u200blium",
        "m²",
        "m2",
        "ʼn",
        "ŉ",
        "d’or",
    ),
    *(
        "镓",
        "鎵",
        "出口管制",
        "出口",
        "貿易",
        "贸易",
        "輸出",
        "ガリウム",
        "ｶﾞﾘ",
        "レ",
        "する",
        "갈륨",
        "ᄀ",
        "ᅡ",
        "ที่ดิน",
        "निर्यात",
    ),
    *(
        "#RareEarths",
        "#rareearths",
        "L'export",
        "dell’US",
        "US$5m",
        "U.S.$5",
        "RMB 5",
        "$US5",
        "Sao",
        "São",
        "Ørsted",
        "ёлка",
        "елка",
    ),
    *("εξαγωγές", "ΕΞΑΓΩΓΕΣ", "col·lapse", "l·l", "\u1100\u1161\u11af", "ı", "ＭＰ", "＄MP", "US"),
    *("تَصْدِير", "\ufa10", "\U00020000", "\U0001d420", "🚀", "❤\ufe0f", "\ud800", "K", "ſ", "½", "x"),
]
GLUE = [
    *(
        "",
        " ",
        " ",
        " ",
        "  ",
        "\n",
        "\n\n",
        "\u00a0",
        "\u3000",
        "-",
        "—",
        " – ",
        "’",
        "'",
        "“",
        "”",
        '"',
        ".",
        ". ",
        ",",
        "，",
        "、",
    ),
    *(
        "。",
        "…",
        "/",
        "_",
        "$",
        "%",
        "％",
        "\u00ad",
        "\u200b",
        "\ufeff",
        "\u0301",
        "\u0338",
        "\u3099",
        "ﾞ",
        "(",
        ":",
        ";",
        "!",
        "&",
        "#",
        "＃",
        "`",
        "·",
        "′",
        "和",
    ),
]
ODD_TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=6)
TEXTS = st.lists(
    st.tuples(st.one_of(st.sampled_from(ATOMS), ODD_TEXTS), st.sampled_from(GLUE)).map("".join), max_size=12
).map("".join)
PLAIN = [atom for atom in ATOMS if '"' not in atom and "\ud800" not in atom and "🚀" not in atom and "❤" not in atom]
SUFFIXES = st.sampled_from(["", "", "", "~", "*"])
TERMS = st.one_of(
    st.sampled_from(PLAIN),
    st.tuples(st.sampled_from(["", "="]), st.lists(st.sampled_from(PLAIN), min_size=1, max_size=3).map(" ".join)).map(
        "".join
    ),
    st.tuples(st.sampled_from(["gallium", "export", "finance", "straße", "2025", "d'orsay", "निर्यात"]), SUFFIXES).map(
        "".join
    ),
)


def written(term: str) -> str:
    """A term within an expression."""
    return f'"{term}"'


REGEXES = st.sampled_from(
    [
        "re:/gal+ium/",
        "re:/ga(ll|l)ium/",
        "re:/(gallium|ban)[a-z]*/",
        "re:/(?:exports?|gall|rare)(?:ium)?/",
        "re:/(?:ban|curb)?gallium/",
        "re:/exports? of gallium/",
        "re:/gallium|exports/",
        "re:/[a-z]{3}ium/ NEAR/9 gallium",
        "re:/出口管?制/",
        "re:/usx?/ SENT us",
        r"re:/\bfinance\b/",
        "re:/(?i)gallium/",
        "re:/finan.e/",
    ]
)
LEAVES = st.one_of(TERMS.map(written), st.sampled_from(["$m", "$n", "$minus"]), REGEXES.filter(lambda r: " " not in r))


def units(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """An expression of two smaller ones."""
    operators = st.sampled_from(
        ["NEAR/4", "BEFORE/9", "SENT", "CLAUSE", "THEN", "NOT NEAR/3", "NOT NEAR/0", "NOT BEFORE/2", "NOT AFTER/2"]
    )
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda parts: f"({' '.join(parts)})"),
        st.tuples(inner, operators).map(lambda parts: f"({parts[0]} {parts[1]} {parts[0]})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})"),
        st.tuples(st.sampled_from(["title", "summary", "body", "lede", "bare"]), inner).map(
            lambda parts: f"{parts[0]}({parts[1]})"
        ),
    )


NEARS = st.recursive(LEAVES, units, max_leaves=5)
TESTS = st.one_of(NEARS, NEARS, NEARS, st.sampled_from(["source=s", "age<2h", "tier=x"]))
ALLS = st.lists(st.tuples(st.booleans(), TESTS), min_size=1, max_size=3).map(
    lambda tests: " AND ".join(f"NOT {test}" if no and i else test for i, (no, test) in enumerate(tests))
)
CONDITIONS = st.lists(ALLS, min_size=1, max_size=3).map(" OR ".join)
LISTS = st.fixed_dictionaries(
    {
        "m": st.dictionaries(st.sampled_from(["one", "two"]), st.lists(TERMS, min_size=1, max_size=4), min_size=1),
        "n": st.lists(TERMS, min_size=1, max_size=4),
        "minus": st.tuples(TERMS, TERMS.map("-".__add__)).map(list),
    }
)


LISTS_OF_ONE = {"m": {"one": ["gallium"]}, "n": ["gallium"], "minus": ["gallium", "-gallium"]}


def ids(judged: Any) -> list[tuple[str, Any, Any]]:
    """What was found, to compare."""
    return [(match.rule.id, match.labels, match.severity) for match in judged.matches]


@pytest.mark.no_cover
@THOROUGH
@given(LISTS, st.lists(CONDITIONS, min_size=1, max_size=5), TEXTS, TEXTS, TEXTS, st.sampled_from(["", "ja", "zh"]))
@example(LISTS_OF_ONE, ["nino"], "El Niño", "", "", "")
@example(LISTS_OF_ONE, ["re:/(gallium|ban)[a-z]*/"], "", "", "US$5mgal\u00adlium", "")
def test_the_index_finds_exactly_what_every_rule_finds(
    bench: Any, lists: Any, conditions: list[str], title: str, summary: str, body: str, language: str
) -> None:
    """Speed must not cost one alert, in any script."""
    compiled, _ = bench.compile_any([bench.rule(text, name=f"r{i}") for i, text in enumerate(conditions)], lists)
    entry = bench.entry(title, summary=summary, body=body, language=language)
    found = compiled.evaluate(entry, bench.now)
    every = bench.judge_every(compiled, entry)
    assert (ids(found), found.unevaluated) == (ids(every), every.unevaluated)


@pytest.mark.no_cover
@settings(max_examples=1000, deadline=None)
@given(TEXTS, st.booleans())
@example("$\u200bMP $M\u200bP $MP5 u.sé don't.a.b", False)
@example("=\u0338gallium", False)
@example("gallium$col·lapse", False)
@example("US$5m\xadgallium", False)
@example("US$5m0", False)
@example("US$5m\u00c0", False)
@example("US$5\u00c0", False)
@example("www.和", False)
@example("见https://a.é/b商务部", False)
def test_a_gist_lacks_no_word_of_its_text(text: str, japanese: bool) -> None:
    """A word that the gist lacks is a rule that is never run."""
    sentences = split("body", text, japanese=japanese)
    for found in (gist(text), gist_of(sentences)):
        if found is None:
            continue
        words = set(found.narrow.split())
        for token in (token for part in sentences for token in part.tokens):
            if not token.wide:
                assert set(pieces(token.word)) <= words, token
        wide = "".join(token.word for part in sentences for token in part.tokens if token.wide)
        assert simplified(wide).encode() == found.wide


@pytest.mark.no_cover
@pytest.mark.parametrize("category", ["L", "M", "N", "P", "S", "Z", "C"])
def test_every_character_is_taken_as_the_tokens_take_it(category: str) -> None:
    """The gist knows characters by ranges of its own: each must agree with the tokens, between letters too."""
    points = (p for p in range(0x80, 0x20000) if unicodedata.category(chr(p))[0] == category)
    for point in points:
        text = f"a{chr(point)}b {chr(point)}"
        found = gist(text)
        if found is None:
            continue
        tokens = [token for part in split("body", text) for token in part.tokens]
        words = set(found.narrow.split())
        assert {piece for t in tokens if not t.wide for piece in pieces(t.word)} <= words, hex(point)
        assert simplified("".join(t.word for t in tokens if t.wide)).encode() == found.wide, hex(point)


#: A condition, a text, and whether the rule is worth a look.
LOOKS = {
    "the word": ("gallium", "gallium", True),
    "another word": ("gallium", "galliums ore", True),
    "within a word": ("gallium", "galliumite", False),
    "no word": ("gallium", "germanium", False),
    "one of two": ("gallium AND ban", "gallium", False),
    "both": ("gallium AND ban", "gallium ban", True),
    "one of two near": ("gallium NEAR/2 ban", "ban", False),
    "what cancels is not needed": ("gallium NOT NEAR/2 ban", "gallium", True),
    "what cancels in one order is not needed": (
        "gallium NOT BEFORE/2 ban AND gallium NOT AFTER/2 ban",
        "gallium",
        True,
    ),
    "a list on both sides": ("$mineral SENT $mineral", "gallium", True),
    "one of two in a clause": ("gallium THEN ban", "ban", False),
    "what must not be is not needed": ("gallium AND NOT ban", "gallium", True),
    "either": ("gallium OR ban", "ban", True),
    "either in brackets": ("(gallium OR ban) SENT export", "ban export", True),
    "neither": ("(gallium OR ban) SENT export", "export", False),
    "a list": ("$mineral AND ban", "germanium ban", True),
    "no member of a list": ("$mineral AND ban", "copper ban", False),
    "a plural within a phrase": ('"letter of interest"', "letters of interest", True),
    "half a phrase": ("$mineral", "rare", False),
    "bare": ("bare(gallium) AND bare(ban OR curb)", "gallium", False),
    "a field": ("title(gallium)", "gallium", True),
    "a prefix": ("germ*", "germanium", True),
    "a prefix within": ("germ*", "the angermann", False),
    "initials": ("=US", "the U.S. acts", True),
    "Han": ("出口管制", "出、口 管制", True),
    "Han, traditional": ("贸易", "貿易", True),
    "Han, another order": ("出口", "口出", False),
    "an optional letter": ("re:/exports?/", "export", True),
    "a regular expression": ("re:/gallium (oxide|nitride)/", "nitride gallium", True),
    "its choice is missing": ("re:/gallium (oxide|nitride)/", "gallium", False),
    "its choice is optional": ("re:/gallium(?: oxide| nitride)?/", "gallium", True),
    "one of its choice is short": ("re:/gallium (oxide|in)/", "gallium", True),
    "its choice within an optional group": ("re:/gallium(?: (?:oxide|nitride))*/", "gallium", True),
    "its literal is missing": ("re:/gallium (oxide|nitride)/", "oxide", False),
    "its alternatives": ("re:/gallium|oxide/", "none", True),
    "a name": ("@curb", "ban", True),
    "a name without its words": ("@curb NEAR/3 export", "export", False),
    "what takes away within a name": ("@curb", "lift", False),
    "halves of two branches of a name": ("@act", "ban quota", False),
    "the rarer halves of two branches of a name": ("@act", "export curb", False),
    "a branch of a name": ("@act", "import quota", True),
    "halves of two branches of a name in a name": ("@outer", "ban quota", False),
    "a branch of a name in a name": ("(@outer OR 镓)", "import quota", True),
    "halves of two branches in a field": ("title(@act)", "ban quota", False),
    "halves of two branches beside a word": ("gallium SENT @act", "gallium ban quota", False),
    "a branch beside a word": ("gallium SENT (@act OR curb)", "gallium quota import", True),
    "another branch beside a word": ("gallium SENT (@act OR curb)", "gallium curb", True),
    "more branches than are told apart": (
        "(@act OR curb) SENT ((@act OR tax) SENT ((@act OR levy) SENT (@act OR duty)))",
        "curb tax levy duty",
        True,
    ),
    "one side of many branches": (
        "(@act OR curb) SENT ((@act OR tax) SENT ((@act OR levy) SENT (@act OR duty)))",
        "curb",
        False,
    ),
    "no words at all": ("source=s", "none", True),
    "one branch without words": ("gallium OR age<2h", "none", True),
}


EXPRESSIONS = {
    "curb": "ban NOT NEAR/3 lift",
    "act": "ban NEAR/3 export OR quota NEAR/3 import",
    "outer": "@act OR gallium",
}


@pytest.mark.parametrize(("condition", "text", "looked"), LOOKS.values(), ids=LOOKS)
def test_only_rules_whose_words_are_there_are_run(bench: Any, condition: str, text: str, looked: bool) -> None:
    """A rule that cannot match must cost nearly nothing."""
    (rule,) = bench.compile(bench.rule(condition), expressions=EXPRESSIONS).rules.values()
    found = gist(text)
    assert found is not None
    assert list(Index([rule.match]).candidates(lambda: found)) == ([0] if looked else [])


def test_many_alternatives_stay_apart_where_nothing_multiplies_them(bench: Any) -> None:
    """A hundred pairs ask for both words of one of them, not for any word of any."""
    pairs = " OR ".join(f"alpha{i} BEFORE/2 omega{i}" for i in range(100))
    (rule,) = bench.compile(bench.rule(f"title(tin SENT ({pairs}))")).rules.values()
    for text, found in (("Tin: alpha7 omega7", [0]), ("Tin: alpha7", []), ("Tin: alpha7 omega8", [])):
        seen = gist(text)
        assert seen is not None
        assert list(Index([rule.match]).candidates(lambda seen=seen: seen)) == found


def test_rules_are_run_in_their_order(bench: Any) -> None:
    """Matches stand in the order of the file, however they were found."""
    rules = bench.compile(*(bench.rule(text, name=f"r{i}") for i, text in enumerate(["ban", "age<2h", "curb", "ban"])))
    entry = bench.entry("Curb and ban")
    assert [match.rule.id for match in rules.evaluate(entry, bench.now).matches] == ["p/r0", "p/r1", "p/r2", "p/r3"]


def test_a_text_is_not_looked_at_where_no_rule_needs_words() -> None:
    """Without rules there is nothing to find."""

    def never() -> FoldedWords:
        raise AssertionError

    assert list(Index([]).candidates(never)) == []
    assert list(Index([None]).candidates(never)) == [0]


def test_a_word_that_is_repeated_without_end_is_found_once(bench: Any) -> None:
    """Ten megabytes of one word make no million hits."""
    (rule,) = bench.compile(bench.rule("gallium AND 出口")).rules.values()
    for text, found in (("gallium " * 50_000 + "出口", [0]), ("gallium " * 50_000, []), ("出口" * 50_000, [])):
        seen = gist(text)
        assert seen is not None
        assert list(Index([rule.match]).candidates(lambda seen=seen: seen)) == found
