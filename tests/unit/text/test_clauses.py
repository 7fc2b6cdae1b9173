"""Sentences cut into clauses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.text.clauses import clauses
from tocsin.text.sentences import split


def cut(text: str, *, japanese: bool = False) -> list[str]:
    """The words of each clause of a title, in the order of their first words."""
    (sentence,) = split("title", text, japanese=japanese)
    found: dict[int, list[str]] = {}
    for token, number in zip(sentence.tokens, clauses(sentence), strict=True):
        found.setdefault(number, []).append(token.word)
    return [" ".join(words) for words in found.values()]


BORDERS = {
    "one clause": ("Copper rises in London", ["copper rises in london"]),
    "a comma": ("Copper price rises, tin price falls", ["copper price rises", "tin price falls"]),
    "two words may be a clause": ("Copper rises, tin falls", ["copper rises", "tin falls"]),
    "title case": ("Copper Rises, Tin Falls", ["copper rises", "tin falls"]),
    "capitals": ("COPPER RISES, TIN FALLS IN LONDON", ["copper rises", "tin falls in london"]),
    "three clauses": ("Copper up, tin down, zinc flat", ["copper up", "tin down", "zinc flat"]),
    "a colon": ("Minister: copper price rises", ["minister", "copper price rises"]),
    "a dash": ("Copper rises – report", ["copper rises", "report"]),
    "a bar": ("Copper rises | Tin falls", ["copper rises", "tin falls"]),
    "a conjunction": ("Copper rises as tin falls", ["copper rises", "as tin falls"]),
    "a circumstance": ("Copper rises amid talks", ["copper rises", "amid talks"]),
    "who says it": ("Copper rises according to a broker", ["copper rises", "according to a broker"]),
    "a quotation": ('Copper, "tin falls", he says', ["copper", "tin falls", "he says"]),
    "brackets": ("Copper (tin falls) rises", ["copper rises", "tin falls"]),
    "a comma in brackets": ("Copper (of Perth, Australia) rises", ["copper rises", "of perth australia"]),
    "a comma behind brackets": ("Copper (spot), tin falls", ["copper", "spot", "tin falls"]),
}

LISTS = {
    "two subjects": ("Copper, bonds fall", ["copper bonds fall"]),
    "many subjects": ("Copper, zinc, tin and lead rise", ["copper zinc tin and lead rise"]),
    "behind a conjunction": ("Shares slump as copper, tin fall", ["shares slump", "as copper tin fall"]),
    "then another clause": ("Copper, bonds fall, yen rises", ["copper bonds fall", "yen rises"]),
    "in title case": ("Copper, Bonds Fall, Yen Rises", ["copper bonds fall", "yen rises"]),
    "before a list": ("Shares rise, copper, tin fall", ["shares rise", "copper tin fall"]),
    "names of two words": ("Acme Metals, Boro Gold to build mine", ["acme metals boro gold to build mine"]),
    "names in title case may be clauses": ("Acme Digs, Boro Sells Mines", ["acme digs", "boro sells mines"]),
    "names joined": ("Acme Metals and Boro, Coba agree terms", ["acme metals and boro coba agree terms"]),
    "of": ("Shares of Acme, Boro climb", ["shares of acme boro climb"]),
    "a possessive": ("Peru's Acme, Chile's Boro agree", ["peru's acme chile's boro agree"]),
    "a question": ("Why copper, tin and lead are rising", ["why copper tin and lead are rising"]),
    "an article": ("The copper, the tin fall", ["the copper the tin fall"]),
    "objects at the end": ("Peru curbs sales of zinc, lead and tin", ["peru curbs sales of zinc lead and tin"]),
    "objects, more of them": ("Peru taxes zinc, lead, tin", ["peru taxes zinc lead tin"]),
    "an adverb": ("Copper prices, however, fall", ["copper prices however fall"]),
    "a circumstance is no list": ("Amid strikes, copper falls", ["amid strikes", "copper falls"]),
    "nor is one with names": ("After Acme, Boro digs for tin", ["after acme", "boro digs for tin"]),
    "a colon is no comma": ("Peru: tin exports fall", ["peru", "tin exports fall"]),
    "words of two are no name": ("Copper prices, bonds fall", ["copper prices", "bonds fall"]),
    "full-width commas part clauses": ("铜价，锡涨", ["铜 价", "锡 涨"]),
}

ASIDES = {
    "an apposition": ("Acme, the tin producer, rises", ["acme rises", "the tin producer"]),
    "an apposition of one word": ("Acme, the miner, rises", ["acme the miner rises"]),
    "a possessive": ("Acme, Peru's biggest miner, rises", ["acme rises", "peru's biggest miner"]),
    "a relative": ("Copper prices, which fell on Monday, rise", ["copper prices rise", "which fell on monday"]),
    "a remark": ("Metals, led by copper, rise", ["metals rise", "led by copper"]),
    "who says it": ("Copper prices, analysts say, will rise", ["copper prices will rise", "analysts say"]),
    "an agency": ("Peru, Acme News reports, taxes tin", ["peru taxes tin", "acme news reports"]),
    "two asides": (
        "Acme, the tin producer, which fell on Monday, rises",
        ["acme rises", "the tin producer", "which fell on monday"],
    ),
    "behind an aside a clause ends": (
        "Acme, the tin producer, rises, Boro falls",
        ["acme rises", "the tin producer", "boro falls"],
    ),
    "an article after a clause": (
        "Copper rises, the yen falls, tin slumps",
        ["copper rises", "the yen falls", "tin slumps"],
    ),
    "an aside that is not closed": ("Copper prices rise, analysts say", ["copper prices rise", "analysts say"]),
    "a long saying is a clause": (
        "Copper rises, tin falls to lows that few mines report, zinc gains",
        ["copper rises", "tin falls to lows that few mines report", "zinc gains"],
    ),
    "a remark needs a bare word before it": (
        "Copper price rises, led by funds, tin slumps",
        ["copper price rises", "led by funds", "tin slumps"],
    ),
}

BLANKS = {
    "two clauses": ("铜价大涨 锡价下跌", ["铜 价 大 涨", "锡 价 下 跌"]),
    "a wide blank": ("铜价大涨\u3000锡价下跌", ["铜 价 大 涨", "锡 价 下 跌"]),
    "a heading": ("突发 铜价大涨", ["突 发 铜 价 大 涨"]),
    "a short subject": ("智利 铜矿停产", ["智 利 铜 矿 停 产"]),
    "a Latin word": ("铜价大涨 LME 收盘", ["铜 价 大 涨 lme 收 盘"]),
    "a figure": ("铜价大涨 5% 锡价下跌", ["铜 价 大 涨 5% 锡 价 下 跌"]),
    "Hangul parts words by blanks": ("구리가격이 상승했습니다", ["구 리 가 격 이 상 승 했 습 니 다"]),
    "a full-width bar": ("铜价大涨｜锡价下跌", ["铜 价 大 涨", "锡 价 下 跌"]),
}


@pytest.mark.parametrize(("text", "found"), BORDERS.values(), ids=BORDERS)
def test_a_clause_ends_where_another_matter_begins(text: str, found: list[str]) -> None:
    """Tin that falls is no fall of copper."""
    assert cut(text) == found


@pytest.mark.parametrize(("text", "found"), LISTS.values(), ids=LISTS)
def test_the_comma_of_a_list_ends_no_clause(text: str, found: list[str]) -> None:
    """Of what is listed all is said, and headlines list by commas."""
    assert cut(text) == found


@pytest.mark.parametrize(("text", "found"), ASIDES.values(), ids=ASIDES)
def test_a_clause_goes_on_behind_an_aside(text: str, found: list[str]) -> None:
    """Who somebody is, and who says it, part no subject from its verb."""
    assert cut(text) == found


@pytest.mark.parametrize(("text", "found"), BLANKS.values(), ids=BLANKS)
def test_a_blank_ends_a_clause_of_a_chinese_title(text: str, found: list[str]) -> None:
    """A blank stands for a comma there; names and figures have blanks around them too."""
    assert cut(text) == found


def test_a_blank_ends_no_clause_of_a_japanese_title_or_of_a_body() -> None:
    """Japanese headlines write a blank between subject and verb, and texts are broken anywhere."""
    assert len(cut("中国政府 輸出規制", japanese=True)) == 1
    (sentence,) = split("body", "铜价大涨 锡价下跌")
    assert len(set(clauses(sentence))) == 1


PIECES = st.sampled_from(
    [
        "Acme",
        "copper",
        "the",
        "of",
        "and",
        ",",
        ", ",
        " (",
        ") ",
        ": ",
        "which",
        "say",
        "as",
        "铜",
        "锡价下跌",
        " ",
        " – ",
    ]
)


@given(st.lists(PIECES, max_size=30).map(" ".join))
def test_brackets_aside_a_clause_begins_only_at_a_mark_or_an_opener(text: str) -> None:
    """Nothing else parts words: a clause that ends anywhere else would lose an event."""
    for sentence in split("title", text):
        numbers = clauses(sentence)
        assert len(numbers) == len(sentence.tokens)
        for (before, one), (token, other) in zip(
            zip(sentence.tokens, numbers, strict=True),
            list(zip(sentence.tokens, numbers, strict=True))[1:],
            strict=False,
        ):
            if one != other:
                assert token.border or token.word == "as" or token.depth or before.depth


THINGS = st.sampled_from(["copper", "tin", "Acme", "the yen", "Peru's zinc", "lead and iron", "shares of Boro"])


@given(st.lists(THINGS, min_size=1, max_size=20), st.sampled_from(["", "Markets drift as ", "Minister: "]))
def test_a_list_of_any_length_is_in_the_clause_of_its_verb(things: list[str], before: str) -> None:
    """What is said of the last of them is said of the first."""
    (sentence,) = split("title", f"{before}{', '.join(things)} fall again")
    numbers = clauses(sentence)
    assert len(set(numbers[len(split("title", f"{before}x")[0].tokens) - 1 :])) == 1


@given(
    THINGS, st.sampled_from(["a broker says", "which rose on Monday", "the old giant of Peru", "led by Acme of Peru"])
)
def test_an_aside_changes_nothing_around_it(thing: str, aside: str) -> None:
    """It may stand anywhere, so it must not matter."""
    (sentence,) = split("title", f"{thing}, {aside}, fall again as yields rise")
    numbers = clauses(sentence)
    before, behind = len(thing.split()), len(thing.split()) + len(aside.split())
    assert len({*numbers[:before], *numbers[behind : behind + 2]}) == 1
    assert len({*numbers}) == 3
