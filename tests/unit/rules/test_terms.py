"""Terms: their forms, their marks, and the words that they find."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.rules.news.forms import head_forms, noun_forms, verb_forms
from tocsin.rules.news.terms import TermError, compile_term

VERBS = {
    "ban": "ban bans banned banning baned baning",
    "curb": "curb curbs curbed curbing",
    "restrict": "restrict restricts restricted restricting",
    "suspend": "suspend suspends suspended suspending",
    "halt": "halt halts halted halting",
    "tighten": "tighten tightens tightened tightening tightenned tightenning",
    "lift": "lift lifts lifted lifting",
    "ease": "ease eases eased easing",
    "impose": "impose imposes imposed imposing",
    "levy": "levy levies levied levying",
    "deny": "deny denies denied denying",
    "tax": "tax taxes taxed taxing",
    "stop": "stop stops stopped stopping stoped stoping",
    "control": "control controls controlled controlling controled controling",
    "agree": "agree agrees agreed agreeing",
    "die": "die dies died dying",
    "take": "take takes took taken taking",
    "freeze": "freeze freezes froze frozen freezing",
    "cut": "cut cuts cutting cuting",
    "withdraw": "withdraw withdraws withdrew withdrawn withdrawing",
    "delay": "delay delays delayed delaying",
    "镓": "镓",
}


@pytest.mark.parametrize(("verb", "forms"), VERBS.items(), ids=VERBS)
def test_a_verb_has_the_forms_that_news_uses(verb: str, forms: str) -> None:
    """ban~ finds banned and banning; a form too many is a misspelling that nobody writes."""
    assert verb_forms(verb) == set(forms.split())


NOUNS = {
    "export": "export exports export's exports' exports's",
    "country": "country countries country's countries' countries's",
    "tax": "tax taxes tax's taxes' taxes's",
    "woman": "woman women woman's women' women's",
    "memorandum": "memorandum memoranda memorandums memorandum's memoranda' memoranda's memorandums' memorandums's",
    "china's": "china's",
    "镓": "镓",
    "x": "x",
}


@pytest.mark.parametrize(("noun", "forms"), NOUNS.items(), ids=NOUNS)
def test_a_noun_has_its_plural_and_its_possessives(noun: str, forms: str) -> None:
    """A rule writes gallium export and finds exports and export's."""
    assert noun_forms(noun) == set(forms.split())


HEADS = {
    "of": ("letter", "of", "letter letters"),
    "on": ("ban", "on", "ban bans"),
    "an irregular plural": ("memorandum", "of", "memorandum memoranda memorandums"),
    "an adjective behind it": ("attorney", "general", "attorney attorneys"),
    "a noun behind it": ("export", "control", "export"),
    "a plural": ("sales", "to", "sales"),
    "a word in ss": ("process", "for", "process processes"),
    "a particle": ("out", "of", "out"),
    "a preposition": ("in", "to", "in"),
    "one letter": ("x", "of", "x"),
    "Han": ("镓", "of", "镓"),
}


@pytest.mark.parametrize(("word", "follower", "forms"), HEADS.values(), ids=HEADS)
def test_the_noun_before_a_preposition_takes_the_plural_of_its_phrase(word: str, follower: str, forms: str) -> None:
    """Two letters of interest are two letters, and one interest."""
    assert head_forms(word, follower) == set(forms.split())


FINDS = {
    "the plural of a phrase with of": (
        '"letter of interest"',
        "letters of interest, Letter of Interests",
        ["letters of interest", "Letter of Interests"],
    ),
    "both plurals": ('"ban on export"', "bans on exports, ban on the export", ["bans on exports"]),
    "an office": (
        '"attorney general"',
        "attorneys general, attorney general's",
        ["attorneys general", "attorney general's"],
    ),
    "an office with a hyphen": ("secretary-general", "Secretaries-General", ["Secretaries-General"]),
    "an exact phrase has no plural": ('"=letter of interest"', "letters of interest", []),
    "a verb in the third person": ('"call for"', "calls for", ["calls for"]),
    "a marked verb before a preposition": ('"call~ for"', "called for, calls for", ["called for", "calls for"]),
    "a plural that is written is no singular": ('"bans on exports"', "ban on exports", []),
    "the word": ("export", "China exports", ["exports"]),
    "possessive": ("China", "China's ban", ["China's"]),
    "curly possessive": ("China", "China’s ban", ["China’s"]),
    "no stemming": ("miner", "mineral and mining", []),
    "a phrase is adjacent": ('"rare earth"', "rare earths, rare old earth", ["rare earths"]),
    "a phrase over a hyphen": ('"rare earth"', "a rare-earth magnet", ["rare-earth"]),
    "a hyphen in the term": ("rare-earth", "a rare earth magnet", ["rare earth"]),
    "only the last word is inflected": ('"export control"', "exports control, export controls", ["export controls"]),
    "verb forms": ("ban~", "banned, banning, bans, banner", ["banned", "banning", "bans"]),
    "verb forms within a phrase": (
        '"roll~ back"',
        "rolled back, roll-back, rolls backs",
        ["rolled back", "roll-back", "rolls backs"],
    ),
    "prefix": ("germ*", "germ germanium german Germany", ["germ", "germanium", "german", "Germany"]),
    "prefix within a phrase": ('"stra* metal"', "strategic metals", ["strategic metals"]),
    "prefix of the last word behind a hyphen": ("rare-eart*", "rare earthlike", ["rare earthlike"]),
    "exact": ("=curb", "curbs, curb, curbed", ["curb"]),
    "exact without a capital ignores case": ("=curb", "Curb", ["Curb"]),
    "exact with a capital": ("=US", "tell us of the US and the U.S.", ["US", "U.S."]),
    "exact phrase with capitals": ('"=MP Materials"', "MP materials, MP Materials", ["MP Materials"]),
    "a name has its possessive": ("=Quad", "Quad’s plan of the Quad, quad's, Quads", ["Quad’s", "Quad"]),
    "only behind its last word": ('"=MP Materials"', "MP's Materials, MP Materials'", ["MP Materials"]),
    "all capitals, the pronoun": ("=US", "CHINA BANS GALLIUM TO US", []),
    "all capitals, the pronoun and a bare verb": ("=US", "CHINA WANTS TO HELP US BUILD MINES", []),
    "all capitals, the pronoun and more": ("=US", "TELL US ALL ABOUT GALLIUM BANS", []),
    "all capitals, before to": ("=US", "TRUMP SAYS US TO TAKE STAKE", ["US"]),
    "all capitals, before a verb": ("=US", "BEIJING SAYS US IMPOSES CURBS", ["US"]),
    "all capitals, before a figure": ("=US", "CHINA FACES US 10% TARIFF", ["US"]),
    "all capitals, first": ("=US", "US TARIFFS ON CHINA TAKE EFFECT: US STEEL", ["US", "US"]),
    "all capitals, behind the article": ("=US", "MAGNETS MADE IN THE US", ["US"]),
    "all capitals, beside a hyphen": ("=US", "CHINA-US TALKS AND ALL US-CHINA DEALS", ["US", "US"]),
    "all capitals, with dots": ("=US", "CHINA BANS GALLIUM TO U.S.", ["U.S."]),
    "all capitals, possessive": ("=US", "CHINA MOCKS US'S GALLIUM STOCKPILE", ["US'S"]),
    "all capitals, another name": ("=Trump", "CHINA BANS GALLIUM, TRUMP SAYS", ["TRUMP"]),
    "all capitals, a common word": ("=AID", "CHINA GIVES AID TO MINERS", []),
    "all capitals, what else it may be": ("=WHO", "CHINA ASKS WHO BANS GALLIUM", []),
    "all capitals, with marks": ("=Sao", "CHINA BUYS MINES IN SÃO PAULO", ["SÃO"]),
    "three words in capitals are as written": ("=Trump", "TRUMP BANS GALLIUM", []),
    "one small letter is enough": ("=Trump", "TRUMP BANS GALLIUM EXPORTS, 10bn", []),
    "a ticker is its name": ("=MP", "Shares of $MP rise, $mp, $MP's gain, $MPX", ["$MP", "$MP"]),
    "a ticker without a capital is not": ("=mp", "Shares of $MP rise", []),
    "dollars are no country": ("=US", "cost it US$5m, U.S.$5m, $US5m, in US$, the $US, US $5m", ["US"]),
    "behind an elided article": ("uranium", "L'uranium, d’uranium, l´Uranium", ["uranium", "uranium", "Uranium"]),
    "an elided article in the term": ("l'uranium", "l’uranium et l'Uranium", ["l’uranium", "l'Uranium"]),
    "a name with an elided article": ('"Côte d\'Ivoire"', "la Côte d’Ivoire", ["Côte d’Ivoire"]),
    "without marks": (
        '"Sao Paulo"',
        "São Paulo, Sa\u0303o Paulo, Sao Paulo",
        ["São Paulo", "Sa\u0303o Paulo", "Sao Paulo"],
    ),
    "with marks": ('"São Paulo"', "Sao Paulo, São Paulo", ["São Paulo"]),
    "a prefix without marks": ("exporta*", "exportação, exportación", ["exportação", "exportación"]),
    "letters that are crossed or joined": ("=Orsted", "Ørsted, Orsted, ørsted", ["Ørsted", "Orsted"]),
    "a plural with marks": ("cafe", "cafés", ["cafés"]),
    "Greek capitals": ("εξαγωγές", "ΕΞΑΓΩΓΕΣ και εξαγωγές", ["ΕΞΑΓΩΓΕΣ", "εξαγωγές"]),
    "Turkish": ("ihracat", "İhracat, IHRACAT, ihracat", ["İhracat", "IHRACAT", "ihracat"]),
    "Turkish without dots": ("kısıtlama", "KISITLAMA kısıtlama", ["KISITLAMA", "kısıtlama"]),
    "Russian": ("ещё", "еще ещё", ["еще", "ещё"]),
    "a hashtag": ('"rare earth"', "#RareEarths rise", ["RareEarths"]),
    "a hashtag in small letters": ('"rare earth"', "#rareearths rise", []),
    "Hangul in letters": (
        "갈륨",
        "\u1100\u1161\u11af\u1105\u1172\u11b7 수출",
        ["\u1100\u1161\u11af\u1105\u1172\u11b7"],
    ),
    "all capitals, one word without a capital": ("=bans", "CHINA BANS GALLIUM TO US", ["BANS"]),
    "all capitals, a phrase": ('"=MP Materials"', "CHINA BANS MP MATERIALS", ["MP MATERIALS"]),
    "figure": ("10%", "up 10 % today", ["10 %"]),
    "ticker": ("$MP", "", []),
    "Han": ("稀土", "中国稀土出口", ["稀土"]),
    "Han term written traditionally": ("貿易", "中国贸易", ["贸易"]),
    "traditional text": ("贸易", "中國貿易", ["貿易"]),
    "Japanese text": ("輸出", "ガリウム輸出を規制", ["輸出"]),
    "katakana word": ("ガリウム", "ガリウムの輸出", ["ガリウム"]),
    "not inside a longer katakana run": ("リウム", "ガリウムの輸出", []),
    "not before the rest of a katakana run": ("ガリ", "ガリウムの輸出", []),
    "katakana behind a dot": ("ガリウム", "レア・ガリウム", ["ガリウム"]),
    "katakana runs may be parted": ("ガリウム", "レア ガリウム", ["ガリウム"]),
    "decomposed text": ("niño", "El nin\u0303o", ["nin\u0303o"]),
    "regular expression": ("re:/gallium (oxide|nitride)/", "Gallium Oxide rises", ["Gallium Oxide"]),
    "regular expression within words": ("re:/lliu/", "gallium", ["gallium"]),
    "regular expression from a blank": ("re:/ ban gallium/", "will ban gallium", ["ban gallium"]),
    "regular expression over nothing": ("re:/(gallium)? /", "a b", []),
    "regular expression over a mark": ("re:/ban, gall/", "a ban, gallium", ["ban, gallium"]),
}


@pytest.mark.parametrize(
    ("term", "text", "found"), [v for k, v in FINDS.items() if k != "ticker"], ids=[k for k in FINDS if k != "ticker"]
)
def test_a_term_finds_its_spans(bench: Any, term: str, text: str, found: list[str]) -> None:
    """What a rule writes is what it finds, to the character."""
    assert bench.hits(term, text) == found


def test_a_ticker_is_a_term_of_a_list(bench: Any) -> None:
    """In an expression $MP is a list, within a list it is a ticker."""
    assert bench.hits("$stock", "Shares of $MP rise, MP falls", lists={"stock": ["$MP"]}) == ["$MP"]


EXCLUDED = {
    "kept": ("silver rises", ["silver"]),
    "overlapped by an exclusion": ("silver medals won", []),
    "one of two": ("a silver medal, silver coins", ["silver"]),
    "Han": ("银行买银", ["银"]),
}


@pytest.mark.parametrize(("text", "found"), EXCLUDED.values(), ids=EXCLUDED)
def test_an_exclusion_removes_what_it_overlaps(bench: Any, text: str, found: list[str]) -> None:
    """A silver medal is no metal."""
    assert bench.hits("$mineral", text) == found


def test_the_members_of_a_list_may_be_of_every_kind(bench: Any) -> None:
    """Prefixes, expressions and exclusions of one list are found in the order of the text."""
    lists = {"m": ["neodym*", "re:/ndfeb-[0-9]+/", "praseodymium", "-neodymium laser"]}
    text = "Praseodymium, neodymium laser, NdFeB-42, neodymium"
    assert bench.hits("$m", text, lists=lists) == ["Praseodymium", "NdFeB-42", "neodymium"]


FAULTS = {
    "empty": ("", "has no word"),
    "marks alone": ("~", "has no word"),
    "punctuation": ("--", "has no word"),
    "prefix too short": ("ban*", "ban* is too short: a prefix needs 4 letters or more"),
    "a mark alone within": ("ban ~ export", "~ and * stand right behind a word"),
    "a mark behind a comma": ("ban,~ export", "~ and * stand right behind a word"),
    "exact and widened": ("=ban~", "use one or the other"),
    "no slashes": ("re:ban", "write a regular expression as re:/.../"),
    "look-ahead": ("re:/ban(?!k)/", "the syntax is RE2's"),
    "open bracket": ("re:/(ban/", "the syntax is RE2's"),
}


@pytest.mark.parametrize(("term", "words"), FAULTS.values(), ids=FAULTS)
def test_a_term_that_means_nothing_is_refused(term: str, words: str) -> None:
    """A rule that could never fire is a missed alert, so it is told when it is written."""
    with pytest.raises(TermError) as caught:
        compile_term(term)
    assert words in str(caught.value)
