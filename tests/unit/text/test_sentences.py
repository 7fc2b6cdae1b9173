"""Fields cut into sentences of tokens."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.text.sentences import cut, split

TOKENS = {
    "hyphen, slash and dash split": ("rare-earth oxide/metal–alloy", "rare earth oxide metal alloy"),
    "an apostrophe stays": ("China's ban doesn’t end", "china's ban doesn't end"),
    "per cent": ("up 10% or 7 % or 3％", "up 10% or 7% or 3%"),
    "figure": ("1,250.5 tonnes", "1,250.5 tonnes"),
    "ticker": ("$MP rises", "$mp rises"),
    "money": ("$1.5bn and €20 m", "$1.5bn and €20 m"),
    "money with a capital": ("$134M and €1.5BN, 5K", "$134m and €1.5bn 5k"),
    "figure before Han": ("3.5吨", "3.5 吨"),
    "initials are one token": ("U.S. and U.K. and D.R.C", "us and uk and drc"),
    "letter and digit": ("5G and Ga2O3", "5g and ga2o3"),
    "Han": ("镓、锗", "镓 锗"),
    "Hangul": ("갈륨", "갈 륨"),
    "kana": ("レアアースの", "レ ア ア ー ス の"),
    "half-width kana": ("ｶﾞﾘ", "ガ リ"),
    "Thai keeps its marks": ("ที่ดิน", "ที่ ดิ น"),
    "Hindi is one word": ("निर्यात प्रतिबंध", "निर्यात प्रतिबंध"),
    "Arabic with vowels and a long stroke": ("تَصْدِير تصـدير", "تصدير تصدير"),
    "Turkish i with and without its dot": (
        "İhracat İHRACAT I\u0307hracat KISITLAMA kısıtlama",
        "ihracat ihracat ihracat kisitlama kisitlama",
    ),
    "Greek capitals have no accents": ("ΕΞΑΓΩΓΕΣ εξαγωγές Εξαγωγε\u0301ς ΰλη", "εξαγωγεσ εξαγωγεσ εξαγωγεσ υλη"),
    "Russian e with and without its dots": ("Ещё ЕЩЕ Йод", "еще еще йод"),
    "Latin marks stay": ("São Straße Ørsted", "são strasse ørsted"),
    "elided articles": (
        "L'uranium, d’Ivoire, dell'Unione, all´export, qu`il",
        "l' uranium d' ivoire dell' unione all' export qu' il",
    ),
    "elided before an accent or a figure": ("l'énergie, l'11%, d'E\u0301tat", "l' énergie l' 11% d' état"),
    "names and negations are whole": (
        "O'Brien don't China's N'Djamena rock'n'roll",
        "o'brien don't china's n'djamena rock'n'roll",
    ),
    "apostrophes of every kind": (
        "don’t don‘t don`t don´t don′t don＇t donʼt",
        "don't don't don't don't don't don't don't",
    ),
    "feet and inches are figures": ("5′10", "5 10"),
    "dollars of a country": (
        "US$5m C$20 A$1,250.5 HK$3bn NT$7 R$8 S$9 NZ$1",
        "us$5m c$20 a$1,250.5 hk$3bn nt$7 r$8 s$9 nz$1",
    ),
    "dollars written otherwise": (
        "U.S.$5m US$ 5 US$5million $US5m $A20 us$5m",
        "us$5m us$5 us$5million $us5m $a20 us$5m",
    ),
    "dollars without a figure": ("US$-denominated, in US$", "us$ denominated in us$"),
    "a country before dollars": ("U.S. $5m, US $5m", "us $5m us $5m"),
    "yuan": ("RMB5bn RMB1.5bn CNY7.2bn", "rmb5bn rmb1.5bn cny7.2bn"),
    "hashtag of several words": (
        "#RareEarths #USChina #Tariffs2025 #TerresRares",
        "rare earths us china tariffs 2025 terres rares",
    ),
    "hashtag of one word": ("#rareearths #NdFeB #OPEC #ETFs #5G", "rareearths ndfeb opec etfs 5g"),
    "full-width hashtag and dollars": ("＃RareEarths ＵＳ＄５ｍ", "rare earths us$5m"),
    "Catalan point": ("col·lapse, PARAL·LEL, A·B", "collapse parallel a b"),
    "Hangul in letters": ("\u1100\u1161\u11af\u1105\u1172\u11b7", "갈 륨"),
    "composed and decomposed alike": ("Nin\u0303o", "niño"),
    "soft hyphen": ("gal\u00adlium", "gallium"),
    "zero-width inside": ("gal\u200blium", "gallium"),
    "zero-width alone is no token": ("a \u200b\u200b b", "a b"),
    "full-width": ("ＧＡＬＬＩＵＭ", "gallium"),
    "ligature": ("ﬁle", "file"),
    "sharp s": ("Straße", "strasse"),
    "traditional Han": ("鎵出口管制與貿易", "镓 出 口 管 制 与 贸 易"),
    "underscore splits": ("gallium_oxide", "gallium oxide"),
}


@pytest.mark.parametrize(("text", "words"), TOKENS.values(), ids=TOKENS)
def test_text_is_cut_into_folded_tokens(text: str, words: str) -> None:
    """A rule's word is found however the text writes it."""
    assert " ".join(token.word for part in split("body", text) for token in part.tokens) == words


SENTENCES = {
    "full stop": ("China bans gallium. Prices rise.", ["china bans gallium", "prices rise"]),
    "marks with a quotation": ("“Banned!” China said? Yes", ["banned", "china said", "yes"]),
    "no blank, no end": ("mining.com says 3.5", ["mining com says 3.5"]),
    "CJK marks end anywhere": ("中国。美国！日本？", ["中 国", "美 国", "日 本"]),
    "abbreviation": ("MP Materials Corp. bans Dr. No", ["mp materials corp bans dr no"]),
    "a single letter": ("J. Smith", ["j smith"]),
    "initials end nothing": ("the U.S. bans", ["the us bans"]),
    "number": ("Announcement No. 61 of 2025", ["announcement no 61 of 2025"]),
    "rupees": ("Acme pays Rs. 500 crore", ["acme pays rs 500 crore"]),
    "no is a word, too": ("China said no. Prices rise", ["china said no", "prices rise"]),
    "an empty line": ("China bans\n\ngallium", ["china bans", "gallium"]),
    "one newline ends nothing": ("China\nbans", ["china bans"]),
    "ellipsis of dots": ("China bans... gallium", ["china bans", "gallium"]),
    "nothing": (" ... !", []),
}


@pytest.mark.parametrize(("text", "sentences"), SENTENCES.values(), ids=SENTENCES)
def test_sentences_end_where_a_reader_stops(text: str, sentences: list[str]) -> None:
    """No rule may join words of two sentences, nor miss those of one."""
    assert [" ".join(token.word for token in part.tokens) for part in split("summary", text)] == sentences


@pytest.mark.parametrize("mark", [";", "；"])
def test_a_semicolon_ends_a_sentence_in_a_title_only(mark: str) -> None:
    """Headlines join two reports by a semicolon; prose joins two clauses."""
    assert len(split("title", f"China bans gallium{mark} prices rise")) == 2
    (sentence,) = split("body", f"China bans gallium{mark} prices rise")
    assert sentence.tokens[3].clause


DISTANCES = {
    "adjacent words": ("ban gallium", 2),
    "three words": ("ban on all gallium", 6),
    "comma": ("ban, gallium", 4),
    "colon": ("ban: gallium", 4),
    "bracket": ("ban (gallium", 4),
    "spaced dash": ("ban – gallium", 4),
    "hyphen": ("ban-gallium", 2),
    "several marks at one place": ("ban), (gallium", 4),
    "two places": ("ban, all, gallium", 8),
    "Han steps": ("禁镓", 1),
    "Han after a word": ("ban 镓", 1),
    "word after Han": ("镓 ban", 2),
    "ideographic comma": ("禁、镓", 1),
    "full-width comma": ("禁，镓", 3),
    "full-width brackets": ("禁（镓", 3),
    "Thai": ("กข", 1),
}


@pytest.mark.parametrize(("text", "half_words"), DISTANCES.values(), ids=DISTANCES)
def test_distance_counts_words_and_clause_marks(text: str, half_words: int) -> None:
    """NEAR/8 means the same reach in every script."""
    positions = cut("body", text).positions(1000)
    assert positions[-1] - positions[0] == half_words


CAPITALS = {
    "all capitals": ("CHINA BANS GALLIUM EXPORTS TO US", True),
    "possessive": ("CHINA'S BAN HITS GALLIUM", True),
    "figures do not matter": ("CHINA BANS 20 TONNES, GALLIUM", True),
    "four words are enough": ("CHINA BANS GALLIUM EXPORTS", True),
    "three words are not": ("CHINA BANS GALLIUM", False),
    "single letters do not count": ("A B C D E", False),
    "one lower-case letter": ("CHINA BANS GALLIUM EXPORTS, 10bn", False),
    "prose": ("China bans gallium exports to US", False),
    "no Latin": ("РОССИЯ ЗАПРЕТИТ ЭКСПОРТ УРАНА ТИТАНА", False),
    "Han": ("中国禁止镓出口", False),
    "letters with marks": ("ÎLE DÉFEND L'ÉNERGIE DE FRANCE", True),
    "full-width": ("ＣＨＩＮＡ ＢＡＮＳ ＧＡＬＬＩＵＭ ＥＸＰＯＲＴＳ", True),
}


@pytest.mark.parametrize(("text", "expected"), CAPITALS.values(), ids=CAPITALS)
def test_an_all_capitals_sentence_is_recognised(text: str, expected: bool) -> None:
    """In such a headline US and us look alike, so its capitals prove nothing."""
    (sentence,) = split("title", text)
    assert sentence.all_caps is expected


JOINTS = {
    "comma": ("gallium, germanium", True),
    "ideographic comma": ("镓、锗", True),
    "slash": ("gallium/germanium", True),
    "ampersand": ("gallium & germanium", True),
    "hyphen": ("gallium-germanium", False),
    "colon": ("gallium: germanium", False),
    "bracket": ("gallium (germanium", False),
    "quotation marks": ('gallium "germanium', False),
}


@pytest.mark.parametrize(("text", "joint"), JOINTS.values(), ids=JOINTS)
def test_what_stands_between_two_tokens_is_known(text: str, joint: bool) -> None:
    """Only a list's own punctuation makes its members one group."""
    assert split("body", text)[0].tokens[-1].joint is joint


def test_japanese_text_keeps_its_characters() -> None:
    """Han in Japanese is no traditional Chinese, and its terms are written as they are read."""
    assert [t.word for t in split("body", "輸出", japanese=True)[0].tokens] == ["輸", "出"]


def test_an_address_holds_no_words() -> None:
    """What the address of a page says is told by its title already, and by no sentence."""
    sentence = split("body", "Read https://example.org/oil-rises-again (or www.example.org/tin) today")
    assert [token.word for token in sentence[0].tokens] == ["read", "or", "today"]


def test_an_address_ends_where_the_script_around_it_goes_on() -> None:
    """Chinese sets no blanks: what follows an address is the news."""
    first, second = split("body", "见https://example.org/a。（www.example.org）中国限制稀土出口")
    assert [token.word for token in first.tokens] == ["见"]
    assert "".join(token.word for token in second.tokens) == "中国限制稀土出口"


@pytest.mark.parametrize("mark", '"<>\\\\^`{|}“”„«»')
def test_an_address_ends_at_what_none_may_hold(mark: str) -> None:
    """What stands behind a quotation mark is the news, even without a blank."""
    (sentence,) = split("body", f"See https://example.org/a?b=c&d{mark}&A1,gallium")
    assert [token.word for token in sentence.tokens] == ["see", "a1", "gallium"]


def test_text_behind_the_end_is_left_out() -> None:
    """An outlet's name behind a title is no text of it."""
    assert [t.word for t in split("title", "China bans gallium - Mining", end=18)[0].tokens] == [
        "china",
        "bans",
        "gallium",
    ]


PIECES = [
    "gallium",
    "U.S.",
    "镓",
    "ガ",
    "ﬁ",
    "İ",
    "\u200b",
    "\ud800",
    "e\u0301",
    "'",
    ".",
    "...",
    "; ",
    "\n\n",
    "10 %",
    " ",
    "ß",
    "-",
    "、",
    "l'",
    "Dell’",
    "US$5m",
    "RMB 5",
    "#RareEarths",
    "l·l",
    "\u1100\u1161",
    "ё",
]
ANYTHING = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=80),
)


@settings(max_examples=150, deadline=None)
@given(ANYTHING, st.sampled_from(["title", "body"]))
def test_every_token_knows_its_original_characters(text: str, field: str) -> None:
    """What a message marks is exactly what was matched: tokens ascend, do not overlap, and fold to their word."""
    behind = 0
    row = cut(field, text)
    positions = row.positions(1000)
    assert positions == sorted(positions)
    assert len(positions) == sum(len(sentence.tokens) for sentence in row.sentences)
    for sentence in row.sentences:
        for token in sentence.tokens:
            assert behind <= token.start < token.end <= len(text)
            behind = token.end
            again = [t.word for part in split(field, text[token.start : token.end]) for t in part.tokens]
            assert "".join(again) == token.word


#: Enough that a quadratic scan takes minutes.
MANY = 200_000
ROWS = {
    "dots": "." * MANY + "x",
    "brackets": ".)" * (MANY // 2),
    "digits": "1," * (MANY // 4) + "1" * (MANY // 2) + "_a",
    "initials": "a." * (MANY // 2) + "aa",
    "quotes": "a'" * (MANY // 2) + "''",
    "zero-width": "\u200b" * MANY,
    "one word": "a" * MANY,
    "hashtags": "#aB" * (MANY // 3),
    "articles": "l'" * (MANY // 2),
    "dollars": "US$" * (MANY // 3),
    "points": "l·" * (MANY // 2),
    "blanks": " " * MANY + "-" * MANY,
}


@pytest.mark.no_cover
@pytest.mark.parametrize("text", ROWS.values(), ids=ROWS)
def test_a_hostile_row_of_characters_is_cut_in_linear_time(text: str) -> None:
    """A quadratic scan of this would hold a worker for hours and hang this test."""
    assert sum(len(part.tokens) for part in split("body", text)) <= len(text)
