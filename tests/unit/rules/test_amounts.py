"""Amounts as units of the language."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.rules.news.built_in import BUILT_IN
from tocsin.rules.news.reading import Reading
from tocsin.text.document import Document


def found(name: str, title: str) -> list[str]:
    """The amounts of one kind in a title, as they stand there."""
    document = Document(title=title)
    return [
        title[row.starts[span.first] : row.ends[span.last]]
        for row in document.rows("title")
        for span in BUILT_IN[name].find(Reading(row, title))
    ]


MONEY = {
    "dollars": ("Mine costs $5 and $1,250.50", ["$5", "$1,250.50"]),
    "a scale glued": ("Acme raises $134M, $5bn, US$5m", ["$134M", "$5bn", "US$5m"]),
    "a scale behind a blank": ("Acme raises $1.2 billion for it", ["$1.2 billion"]),
    "a scale behind a hyphen": ("Acme's $1.2-billion mine", ["$1.2-billion"]),
    "dollars of a country": ("A$20 million, C$3.5B, HK$4bn, US $5m", ["A$20 million", "C$3.5B", "HK$4bn", "US $5m"]),
    "dollars as a word": ("Acme spends 5 million US dollars", ["5 million US dollars"]),
    "dollars behind a hyphen": ("a 500-million-dollar mine", ["500-million-dollar"]),
    "Australian dollars": ("spends 20m Australian dollars", ["20m Australian dollars"]),
    "euros": ("€300m, 5 bn euros, 3 euro, EUR 5 million", ["€300m", "5 bn euros", "3 euro", "EUR 5 million"]),
    "pounds by their sign": ("Acme gets £12m", ["£12m"]),
    "pounds of weight are none": ("Acme sells 12 million pounds", []),
    "yuan": ("RMB 10bn, RMB10bn, 3 bn yuan", ["RMB 10bn", "RMB10bn", "3 bn yuan"]),
    "yen": ("¥5 trillion and 30 billion yen", ["¥5 trillion", "30 billion yen"]),
    "rupees": ("Rs 500 crore, Rs. 5 lakh, ₹20 cr", ["Rs 500 crore", "Rs. 5 lakh", "₹20 cr"]),
    "won needs a scale": ("5 billion won, but 5 won seats", ["5 billion won"]),
    "Han": ("10亿元、逾30亿美元、3.5万亿日元", ["10亿元", "30亿美元", "3.5万亿日元"]),
    "Han figures": ("数十亿美元", ["十亿美元"]),
    "Japanese": ("鉱山に30億円を投資", ["30億円"]),
    "Korean": ("광산에 500억원 투자", ["500억원"]),
    "German": ("Acme investiert 5 Mrd Euro", ["5 Mrd Euro"]),
    "a code": ("Acme raises USD5bn, 5m CAD", ["USD5bn", "5m CAD"]),
    "a price": ("copper at $9,500/t", ["$9,500"]),
    "a range": ("worth $5m-$10m", ["$5m", "$10m"]),
    "per cent is none": ("up 5% to 10 percent", []),
    "a bare figure is none": ("Acme digs 5 mines by 2030, 3 million tonnes", []),
    "a currency is none": ("dollars fall, US$ falls, $MP rises", []),
}
PERCENT = {
    "a sign": ("up 10%, 1.5 % and 3％", ["10%", "1.5 %", "3％"]),
    "words": ("10 percent, 10 per cent, 10 pct, 7-percent", ["10 percent", "10 per cent", "10 pct", "7-percent"]),
    "points": ("1.5 percentage points", ["1.5 percentage points"]),
    "Han": ("百分之十、百分之12.5、3个百分点", ["百分之十", "百分之12.5", "3个百分点"]),
    "Japanese": ("10パーセント増", ["10パーセント"]),
    "German and French": ("10 Prozent, 5 pour cent", ["10 Prozent", "5 pour cent"]),
    "a bare figure is none": ("up 10, percent", []),
    "a longer word is none": ("10 percentile", []),
}
TONNES = {
    "tonnes": ("5,000 tonnes, 3 million tons", ["5,000 tonnes", "3 million tons"]),
    "short": ("10kt, 20,000 t, 1.5Mt, 3 mt", ["10kt", "20,000 t", "1.5Mt", "3 mt"]),
    "a year": ("5,000 tpa, 2Mtpa, 30 ktpa, 7 tpd", ["5,000 tpa", "2Mtpa", "30 ktpa", "7 tpd"]),
    "metric": ("5,000 metric tons, 20 short tons", ["5,000 metric tons", "20 short tons"]),
    "ounces and pounds": ("5 Moz, 200,000 ounces, 3m lb, 5 pounds", ["5 Moz", "200,000 ounces", "3m lb", "5 pounds"]),
    "a hyphen": ("a 5,000-tonne plant", ["5,000-tonne"]),
    "a hyphen that never breaks": ("a 5,000\u2011tonne plant", ["5,000\u2011tonne"]),
    "kilograms": ("20 kg, 5 kilograms", ["20 kg", "5 kilograms"]),
    "Han": ("出口5万吨、3000公斤", ["5万吨", "3000公斤"]),
    "Japanese": ("年5万トン", ["5万トン"]),
    "money is none": ("$1.5t, $5 m, £12", []),
    "a price by weight is none": ("$5,000 a tonne, $9,500/t, tonnes", []),
    "a longer word is none": ("10 tonsils, 5 tables", []),
}


@pytest.mark.parametrize(("title", "amounts"), MONEY.values(), ids=MONEY)
def test_money_is_a_figure_with_a_currency(title: str, amounts: list[str]) -> None:
    """A grant is told by its sum, whatever the currency and however it is written."""
    assert found("money", title) == amounts


@pytest.mark.parametrize(("title", "amounts"), PERCENT.values(), ids=PERCENT)
def test_a_share_is_a_figure_in_per_cent(title: str, amounts: list[str]) -> None:
    """A price that rises by a share is a price."""
    assert found("percent", title) == amounts


@pytest.mark.parametrize(("title", "amounts"), TONNES.values(), ids=TONNES)
def test_a_weight_is_a_figure_with_a_unit(title: str, amounts: list[str]) -> None:
    """What is produced is weighed, what it costs is not."""
    assert found("tonnes", title) == amounts


FIGURES = st.from_regex(r"[1-9][0-9]{0,2}(,[0-9]{3})?(\.[0-9]{1,2})?", fullmatch=True)
SCALES = st.sampled_from(["", "m", "bn", "M", " million", " billion", "-million", " crore"])
FORMS = {
    "money": ("${}{}", "US${}{}", "€{}{}", "{}{} euros", "{}{} US dollars", "Rs {}{}", "RMB {}{}"),
    "tonnes": ("{}{} tonnes", "{}{} ounces", "{}{} metric tons"),
    "percent": ("{}%", "{} percent", "{} per cent"),
}


@pytest.mark.parametrize(("name", "form"), [(name, form) for name in FORMS for form in FORMS[name]])
@pytest.mark.no_cover
@settings(max_examples=50, deadline=None)
@given(figure=FIGURES, scale=SCALES)
def test_an_amount_is_found_whole_whatever_its_figure(name: str, form: str, figure: str, scale: str) -> None:
    """A sum that is cut in two is another sum."""
    amount = form.format(figure, scale)
    assert found(name, f"Acme gets {amount} for tin") == [amount]
    assert all(found(other, f"Acme gets {amount} for tin") == [] for other in FORMS if other != name)


@settings(deadline=None)
@given(st.text(st.sampled_from("$€1,.5 0mbnkt%十百亿元吨-"), max_size=40))
def test_amounts_stand_apart_and_hold_a_figure(text: str) -> None:
    """Whatever a feed sends, an amount is a figure with something beside it."""
    for name in FORMS:
        document = Document(title=text)
        for row in document.rows("title"):
            spans = BUILT_IN[name].find(Reading(row, text))
            assert all(one.last < other.first for one, other in pairwise(spans))
            for span in spans:
                words = "".join(row.words[span.first : span.last + 1])
                assert any(character.isnumeric() for character in words)
