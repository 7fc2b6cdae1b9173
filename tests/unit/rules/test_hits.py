"""Pairing and dropping of hits by the operators."""

from __future__ import annotations

from typing import Any

import pytest

NEAR = {
    "adjacent": ("a NEAR/1 b", "a b", ["a+b"]),
    "either order": ("a NEAR/1 b", "b a", ["b+a"]),
    "far enough": ("a NEAR/3 b", "a x x b", ["a+b"]),
    "too far": ("a NEAR/2 b", "a x x b", []),
    "a comma adds one": ("a NEAR/1 b", "a, b", []),
    "a comma within reach": ("a NEAR/2 b", "a, b", ["a+b"]),
    "an ideographic comma adds nothing": ("镓 NEAR/1 锗", "镓、锗", ["镓+锗"]),
    "Han counts half": ("镓 NEAR/2 锗", "镓铜铁铝锗", ["镓+锗"]),
    "Han too far": ("镓 NEAR/1 锗", "镓铜铁锗", []),
    "overlap is nothing": ('"a b" NEAR/0 "b c"', "a b c", ["a b+b c"]),
    "itself": ("a NEAR/0 a", "a", ["a"]),
    "itself, narrowed": ("(a NOT NEAR/1 b) NEAR/0 (a NOT NEAR/1 c)", "a x a b x a c", ["a"]),
    "from the last token to the first": ('"a a a" NEAR/1 b', "a a a b", ["a a a+b"]),
    "the nearer partner": ("a NEAR/9 b", "a x a b", ["a+b"]),
    "the other has a nearer partner": ("a NEAR/9 b", "a b x x b", ["a+b"]),
    "two pairs": ("a NEAR/9 b", "a b x x x b a", ["a+b", "b+a"]),
    "equally near, the later": ("a NEAR/9 b", "b a b", ["a+b"]),
    "equally near, the later of the first": ("a NEAR/9 b", "a b a", ["b+a"]),
    "another sentence": ("a NEAR/9 b", "a; b", []),
    "union": ("(a OR c) NEAR/1 b", "a b x x x b c", ["a+b", "b+c"]),
    "nested": ("(a NEAR/1 b) NEAR/2 c", "a b x c", ["a+b+c"]),
    "extent of a nested hit": ("(a NEAR/9 b) NEAR/1 c", "a c x b c", ["a+c+b"]),
    "a long extent hides no near partner": ("c NEAR/1 (a OR (a NEAR/9 b))", "a x x b c", ["a+b+c"]),
    "field": ("title(a) NEAR/2 b", "a b", ["a+b"]),
}
BEFORE = {
    "in order": ("a BEFORE/1 b", "a b", ["a+b"]),
    "out of order": ("a BEFORE/9 b", "b a", []),
    "too far": ("a BEFORE/1 b", "a x b", []),
    "overlap is not before": ('"a b" BEFORE/9 "b c"', "a b c", []),
    "the nearest before": ("a BEFORE/9 b", "a a b", ["a+b"]),
    "the first behind": ("a BEFORE/9 b", "a b b", ["a+b"]),
    "only partners in order count": ("a BEFORE/9 b", "b a x x b", ["a+b"]),
    "nothing on one side": ("a BEFORE/9 b", "a x", []),
    "of those that begin together the longer": ('a BEFORE/9 (b OR "b c")', "a b c", ["a+b c"]),
}
SENT = {
    "without a limit": ("a SENT b", "a " + "x " * 400 + "b", ["a+b"]),
    "not across": ("a SENT b", "a; b", []),
    "the nearest": ("a SENT b", "a x a x b", ["a+b"]),
}
CLAUSE = {
    "in one clause": ("oil CLAUSE falls", "stocks rise as oil falls amid talks", ["oil+falls"]),
    "across an aside": ("oil CLAUSE falls", "Oil (of Texas: light) (spot) falls", ["Oil+falls"]),
    "not into an aside": ("oil CLAUSE falls", "Oil (gold falls) shines", []),
    "within an aside": ("oil CLAUSE falls", "Stocks rise (oil falls)", ["oil+falls"]),
    "a comma behind an aside ends the clause": ("oil CLAUSE falls", "Oil (spot), falls", []),
    "a bracket that is never closed": ("oil CLAUSE falls", "Gold (oil falls", ["oil+falls"]),
    "a bracket that was never opened": ("oil CLAUSE falls", "a) oil falls", ["oil+falls"]),
    "not across a conjunction": ("oil CLAUSE rise", "stocks rise as oil falls", []),
    "not across a comma": ("oil CLAUSE falls", "Oil is dear, gold falls", []),
    "across the comma of a list": (
        "oil CLAUSE falls",
        "Oil, gold fall as oil falls; oil, gold falls",
        ["oil+falls", "oil+falls"],
    ),
    "not across a colon": ("oil CLAUSE falls", "Oil today: stocks; oil: gold falls", []),
    "either order": ("oil CLAUSE rise", "Rise of oil", ["Rise+oil"]),
    "and begins none": ("gold CLAUSE rise", "Gold and oil rise", ["Gold+rise"]),
    "the first word begins none": ("as CLAUSE oil", "As oil falls, stocks rise", ["As+oil"]),
    "a pair in each": (
        "(oil OR gold) CLAUSE (falls OR rises)",
        "Oil falls while gold rises",
        ["Oil+falls", "gold+rises"],
    ),
    "the nearest": ("oil CLAUSE falls", "oil and oil falls", ["oil+falls"]),
    "a hit over the border": ("(oil NEAR/9 gold) CLAUSE falls", "oil is up, gold falls", []),
    "nothing on one side": ("oil CLAUSE falls", "oil rises", []),
    "a full-width comma": ("镓 CLAUSE 涨", "镓价格，锗涨", []),
}
BARE = {
    "no possessive": ("bare($state)", "Japan to invest", ["Japan"]),
    "a possessive": ("bare($state)", "Japan's Acme to invest", []),
    "a curly one": ("bare($state)", "Japan’s Acme to invest", []),
    "in capitals": ("bare($state)", "JAPAN'S ACME TO INVEST MORE", []),
    "of initials": ("bare($state)", "U.S.'s plan and U.S.’s plan", []),
    "initials": ("bare($state)", "U.S. 'shocked'", ["U.S."]),
    "of a plural": ("bare($state)", "the states' plan and the states’ plan", []),
    "a plural": ("bare($state)", "the states plan", ["states"]),
    "at the end": ("bare($state)", "the plan is the states'", []),
    "the end of a quotation": ("bare($state)", "'with the states' means", ["states"]),
    "the end of a curly quotation": ("bare($state)", "‘with the states’ means", ["states"]),
    "behind a quotation": ("bare($state)", "'no', say the states' heads", []),
    "behind another possessive": ("bare($state)", "Japan's states' plan", []),
    "the other one": ("bare($state)", "Japan's ally US signs", ["US"]),
    "beside one it is listed with": ("bare($state)", "US and Japan's Acme sign", ["US"]),
    "of a union": ("bare($state OR Acme)", "Japan's Acme", ["Acme"]),
    "of a pair the last word": ("bare($state NEAR/2 Acme)", "Japan's Acme invests", ["Japan's+Acme"]),
    "of a phrase the last word": (
        'bare("people\'s bank")',
        "People's Bank cuts; People's Bank's cut",
        ["People's Bank"],
    ),
    "nests": ("title(bare((bare($state) OR Acme)) BEFORE/3 invest)", "Japan to invest", ["Japan+invest"]),
    "within a pair": ("bare($state) BEFORE/3 invest", "Japan's Acme to invest", []),
    "Chinese": ("bare($state)", "日本的企业，日本禁止", ["日本"]),
    "Japanese": ("bare($state)", "日本の企業", []),
    "a character that is no particle there": ("bare($state)", "日本 的", ["日本"]),
    "the end of the text": ("bare($state)", "Acme in 日本", ["日本"]),
    "nothing": ("bare($state)", "Acme", []),
}
STATES = {"us": ["=US", "Washington"], "japan": ["Japan"], "korea": ["Korea", "South Korea"]}
TWO = {
    "one alone": ("$state SENT $state", "Japan signs", []),
    "one twice": ("$state SENT $state", "Japan, in a first for Japan, signs", []),
    "one by two names": ("$state SENT $state", "US signs, says Washington", []),
    "two": ("$state SENT $state", "Japan signs with Korea", ["Japan+Korea"]),
    "coordinated": ("$state SENT $state", "US and Japan sign pact", ["US+Japan"]),
    "past another of its own": ("$state SENT $state", "US x x Japan Japan x", ["US+Japan"]),
    "behind another of its own": ("$state SENT $state", "Japan x Japan x x Korea", ["Japan+Korea"]),
    "overlapping ones": ("$state SENT $state", "South Korea signs", []),
    "three": ("$state NEAR/3 $state", "US x x Japan Korea", ["Japan+Korea"]),
    "equally near, the later": ("$state NEAR/3 $state", "US x Japan x Korea", ["Japan+Korea"]),
    "two pairs": ("$state NEAR/2 $state", "US Japan x x x Korea US", ["US+Japan", "Korea+US"]),
    "too far": ("$state NEAR/2 $state", "US x x Japan", []),
    "within a clause": ("$state CLAUSE $state", "US signs as Japan waits", []),
    "one clause": ("$state CLAUSE $state", "US waits as Japan meets Korea", ["Japan+Korea"]),
    "in order": ("$state BEFORE/2 $state", "Japan x Japan x Korea", ["Japan+Korea"]),
    "in order, past its own": (
        "$state BEFORE/3 $state",
        "Japan x Korea x Korea x Japan",
        ["Japan+Korea", "Korea+Japan"],
    ),
    "in order, one": ("$state BEFORE/9 $state", "Japan x Japan", []),
    "in order within a clause": (
        "$state THEN $state",
        "US and Japan wait as Korea meets Japan",
        ["US+Japan", "Korea+Japan"],
    ),
    "narrowed on one side": ("bare($state) SENT $state", "Japan's firms meet in Japan", []),
    "narrowed, two": ("bare($state) SENT $state", "Japan's firms meet in Korea", ["Japan's+Korea"]),
    "taken from on both sides": (
        "($state NOT NEAR/1 no) SENT ($state NOT NEAR/1 x)",
        "Japan meets no Korea",
        ["Japan+Korea"],
    ),
    "in a field": ("title($state) SENT $state", "Japan signs", []),
    "in brackets": ("($state OR $bloc) SENT ($bloc OR $state)", "Japan x Japan meets the EU", ["Japan+EU"]),
    "of a list without labels": ("$bloc SENT $bloc", "EU meets Asean", ["EU+Asean"]),
    "of a list without labels, one": ("$bloc SENT $bloc", "EU meets the EU's own", []),
    "of a list without labels, forms of one": ("$verb SENT $verb", "ban after bans", []),
    "of a list without labels, overlapping": ("$verb SENT $verb", "a total ban", []),
    "of a list without labels, a phrase and a word": ("$verb SENT $verb", "a total ban, a ban", ["total ban+ban"]),
    "of a regular expression": ("re:/gall[a-z]+/ SENT re:/gall[a-z]+/", "gallium, gallium, gallon", ["gallium+gallon"]),
    "of a regular expression, one": ("re:/gall[a-z]+/ SENT re:/gall[a-z]+/", "gallium and gallium", []),
    "of amounts": ("up NEAR/9 (@tocsin/money SENT @tocsin/money)", "$5m for $5m, up to $7m", ["$5m+up+$7m"]),
    "of amounts, one": ("up NEAR/9 (@tocsin/money SENT @tocsin/money)", "$5m up to $5m", []),
    "of pairs": ("($state NEAR/1 bans) SENT (bans NEAR/1 $state)", "Japan bans, Korea bans", ["Japan+bans+Korea+bans"]),
    "of pairs, one": ("($state NEAR/1 bans) SENT (bans NEAR/1 $state)", "Japan bans, Japan bans", []),
    "a list beside others": ("$state SENT ($state OR $bloc)", "Japan signs", ["Japan"]),
    "a term": ("ban SENT ban", "ban after ban", []),
}


@pytest.mark.parametrize(("expression", "text", "found"), TWO.values(), ids=TWO)
def test_one_list_on_both_sides_asks_for_two_of_its_values(
    bench: Any, expression: str, text: str, found: list[str]
) -> None:
    """Two states sign a pact; one that is named twice does not."""
    lists = {"state": STATES, "bloc": ["EU", "Asean"], "verb": ["ban~", "total ban"]}
    assert bench.hits(expression, text, lists=lists) == found


THEN = {
    "in order": ("oil THEN falls", "oil of Texas falls", ["oil+falls"]),
    "out of order": ("oil THEN fall", "a fall of oil", []),
    "however far apart": ("oil THEN falls", "oil " + "x " * 40 + "falls", ["oil+falls"]),
    "not across a conjunction": ("stocks THEN falls", "stocks rise as oil falls", []),
    "not across a comma": ("oil THEN falls", "oil is dear, gold falls", []),
    "across an aside": ("oil THEN falls", "oil (spot) falls", ["oil+falls"]),
    "the nearest before": ("oil THEN falls", "oil and oil falls", ["oil+falls"]),
    "the first behind": ("oil THEN (falls OR rises)", "oil falls then rises", ["oil+falls"]),
    "only partners in order count": ("oil THEN falls", "falls oil x x falls", ["oil+falls"]),
    "overlap is not before": ('"oil price" THEN "price falls"', "oil price falls", []),
    "a pair in each": (
        "(oil OR gold) THEN (falls OR rises)",
        "Oil falls while gold rises",
        ["Oil+falls", "gold+rises"],
    ),
    "a hit over the border": ("(oil NEAR/9 gold) THEN falls", "oil is up, gold falls", []),
    "nothing on one side": ("oil THEN falls", "oil rises", []),
    "nests": ("(oil THEN falls) THEN sharply", "oil falls sharply", ["oil+falls+sharply"]),
    "Chinese": ("镓 THEN 涨", "镓价上涨", ["镓+涨"]),
}
NOT_NEAR = {
    "dropped": ("a NOT NEAR/2 b", "a x b", []),
    "out of reach": ("a NOT NEAR/2 b", "a x x b", ["a"]),
    "nothing to drop by": ("a NOT NEAR/2 b", "a x", ["a"]),
    "only the nearest": ("a NOT NEAR/9 b", "a x a x b", ["a"]),
    "equally near, the later": ("a NOT NEAR/9 b", "a x b x a", ["a"]),
    "one for each": ("a NOT NEAR/9 b", "a b x b a", []),
    "overlap": ('a NOT NEAR/0 "a b"', "a b a", ["a"]),
    "overlap drops all": ('a NOT NEAR/0 "a a b"', "a a b a", ["a"]),
    "adjacent is no overlap": ("a NOT NEAR/0 b", "a b", ["a"]),
    "nests": ("a NOT NEAR/9 (b NOT NEAR/1 c)", "a c b", ["a"]),
    "a pair is dropped whole": ("(a NEAR/1 c) NOT NEAR/2 b", "a c b", []),
    "another sentence": ("a NOT NEAR/9 b", "a; b", ["a"]),
}


@pytest.mark.parametrize(("expression", "text", "found"), NEAR.values(), ids=NEAR)
def test_near_pairs_each_with_its_nearest(bench: Any, expression: str, text: str, found: list[str]) -> None:
    """The ban is the one beside the export, not the one that happens to stand in the sentence."""
    assert bench.hits(expression, text) == found


@pytest.mark.parametrize(("expression", "text", "found"), BEFORE.values(), ids=BEFORE)
def test_before_pairs_in_order(bench: Any, expression: str, text: str, found: list[str]) -> None:
    """US takes is not takes US."""
    assert bench.hits(expression, text) == found


@pytest.mark.parametrize(("expression", "text", "found"), SENT.values(), ids=SENT)
def test_sent_pairs_within_a_sentence(bench: Any, expression: str, text: str, found: list[str]) -> None:
    """SENT is NEAR without a limit."""
    assert bench.hits(expression, text) == found


@pytest.mark.parametrize(("expression", "text", "found"), CLAUSE.values(), ids=CLAUSE)
def test_clause_pairs_within_a_clause(bench: Any, expression: str, text: str, found: list[str]) -> None:
    """Stocks that rise as oil falls are no rise of oil."""
    assert bench.hits(expression, text) == found


@pytest.mark.parametrize(("expression", "text", "found"), NOT_NEAR.values(), ids=NOT_NEAR)
def test_not_near_drops_what_is_taken_back(bench: Any, expression: str, text: str, found: list[str]) -> None:
    """One word takes back one restriction, and the others stand."""
    assert bench.hits(expression, text) == found


@pytest.mark.parametrize(("expression", "text", "found"), THEN.values(), ids=THEN)
def test_then_pairs_in_order_within_a_clause(bench: Any, expression: str, text: str, found: list[str]) -> None:
    """The subject stands before its verb, and what another verb is said of is another matter."""
    assert bench.hits(expression, text) == found


@pytest.mark.parametrize(("expression", "text", "found"), BARE.values(), ids=BARE)
def test_bare_leaves_possessives_out(bench: Any, expression: str, text: str, found: list[str]) -> None:
    """What Japan's Acme does Japan does not do."""
    lists = {"state": ["Japan", "=US", "state", "日本"]}
    assert bench.hits(expression, text, lists=lists) == found


NOT_BEFORE = {
    "dropped": ("fall NOT BEFORE/1 in", "a fall in output", []),
    "another follows": ("fall NOT BEFORE/1 in", "prices fall", ["fall"]),
    "the other order": ("fall NOT BEFORE/1 in", "in a fall", ["fall"]),
    "out of reach": ("fall NOT BEFORE/1 in", "fall hard in May", ["fall"]),
    "within reach": ("fall NOT BEFORE/2 in", "fall hard in May", []),
    "a comma adds one": ("fall NOT BEFORE/1 in", "fall, in May", ["fall"]),
    "the nearest before": ("fall NOT BEFORE/9 in", "fall fall in May", []),
    "only the nearest": ("fall NOT BEFORE/9 in", "fall x fall in May", ["fall"]),
    "a nearer one behind is no matter": ("fall NOT BEFORE/9 in", "fall x in fall", ["fall"]),
    "one for each": ("fall NOT BEFORE/1 in", "fall in May x fall in June", []),
    "coordinated": ("$mineral NOT BEFORE/1 scrap", "gallium and germanium scrap", []),
    "parted": ("$mineral NOT BEFORE/1 scrap", "gallium not germanium scrap", ["gallium"]),
    "overlap is not before": ('fall NOT BEFORE/9 "fall in"', "fall in May", ["fall"]),
    "in another sentence": ("fall NOT BEFORE/9 in", "fall; in May", ["fall"]),
    "nothing to drop by": ("fall NOT BEFORE/9 in", "fall", ["fall"]),
    "nothing to drop": ("fall NOT BEFORE/9 in", "in May", []),
    "no distance": ("fall NOT BEFORE/0 in", "fall in May", ["fall"]),
    "nests": ("fall NOT BEFORE/1 (in NOT BEFORE/1 May)", "fall in May", ["fall"]),
    "a pair is dropped whole": ("(oil NEAR/1 fall) NOT BEFORE/1 in", "oil fall in May", []),
    "all but the last": ("fall NOT BEFORE/9 fall", "fall x fall x fall", ["fall"]),
    "Han": ("税 NOT BEFORE/1 收", "关税收入和关税", ["税"]),
}
NOT_AFTER = {
    "dropped": ("hit NOT AFTER/1 to", "prices to hit a high", []),
    "another precedes": ("hit NOT AFTER/1 to", "prices hit a high", ["hit"]),
    "the other order": ("hit NOT AFTER/1 to", "a hit to prices", ["hit"]),
    "out of reach": ("hit NOT AFTER/1 to", "to nearly hit", ["hit"]),
    "within reach": ("hit NOT AFTER/2 to", "to nearly hit", []),
    "only the nearest": ("hit NOT AFTER/9 to", "to x hit x hit", ["hit"]),
    "a nearer one before is no matter": ("hit NOT AFTER/9 to", "hit to x hit", ["hit"]),
    "of those that begin together the longer": ('(hit OR "hit back") NOT AFTER/1 to', "to hit back", []),
    "coordinated": ("$mineral NOT AFTER/1 no", "no gallium and germanium", []),
    "overlap is not behind": ('hit NOT AFTER/9 "to hit"', "to hit", ["hit"]),
    "no distance": ("hit NOT AFTER/0 to", "to hit", ["hit"]),
    "all but the first": ("hit NOT AFTER/9 hit", "hit x hit x hit", ["hit"]),
    "Han counts half": ("税 NOT AFTER/1 有", "有关税收，税", ["税"]),
}


@pytest.mark.parametrize(("expression", "text", "found"), NOT_BEFORE.values(), ids=NOT_BEFORE)
def test_not_before_drops_what_stands_before(bench: Any, expression: str, text: str, found: list[str]) -> None:
    """A fall in output is no fall."""
    assert bench.hits(expression, text) == found


@pytest.mark.parametrize(("expression", "text", "found"), NOT_AFTER.values(), ids=NOT_AFTER)
def test_not_after_drops_what_stands_behind(bench: Any, expression: str, text: str, found: list[str]) -> None:
    """What is about to hit a high has not hit it."""
    assert bench.hits(expression, text) == found


COORDINATED = {
    "comma": ("gallium, germanium bans lifted", []),
    "and": ("gallium and germanium ban lifted", []),
    "comma and": ("gallium, antimony, and germanium ban lifted", []),
    "slash": ("gallium/germanium ban lifted", []),
    "ampersand": ("gallium & germanium ban lifted", []),
    "and/or": ("gallium and/or germanium ban lifted", []),
    "another word": ("gallium but germanium ban lifted", ["gallium"]),
    "a bracket": ("gallium (germanium ban lifted)", ["gallium"]),
    "a third coordinator": ("gallium and or and germanium ban lifted", ["gallium"]),
    "Han": ("镓、锗和锑 lifted", []),
    "Han without a mark": ("镓锗 lifted", []),
    "ideographic comma and 及": ("镓及锗 lifted", []),
}


@pytest.mark.parametrize(("text", "found"), COORDINATED.values(), ids=COORDINATED)
def test_what_is_coordinated_is_dropped_together(bench: Any, text: str, found: list[str]) -> None:
    """Lifting the gallium and germanium bans lifts both."""
    assert bench.hits("$mineral NOT NEAR/3 lifted", text) == found


TWICE = {
    "the same word": ("Not to lift a curb", []),
    "a longer term of the other": ("No roll back of a curb", []),
    "a second deed": ("Not to lift a curb but to roll back the ban", ["roll", "roll back"]),
    "nothing beyond it": ("Not to lift or roll a curb", ["roll"]),
}


@pytest.mark.parametrize(("text", "found"), TWICE.values(), ids=TWICE)
def test_a_word_that_two_lists_find_is_dropped_once_for_both(bench: Any, text: str, found: list[str]) -> None:
    """What is not lifted is not lifted, however many lists know the word."""
    lists = {"permit": ["lift~", "roll~"], "undo": ["lift~", "roll~ back"], "not": ["not", "no"]}
    assert bench.hits("($permit OR $undo) NOT NEAR/2 $not", text, lists=lists) == found


PAIRS = {
    "crosses one that is dropped": (
        "(ban NEAR/9 exports OR curb NEAR/9 sales) NOT NEAR/1 not",
        "not ban curb sales exports",
        ["curb+sales"],
    ),
    "rests on a word that is dropped": ('(ban OR sales NEAR/9 "=ban") NOT NEAR/1 not', "sales ban not", []),
    "rests on a word of a pair that is dropped": (
        '(ban NEAR/9 sales OR curb NEAR/9 "=ban") NOT NEAR/1 not',
        "not ban sales curb",
        [],
    ),
    "a single word of a pair that is dropped": ('("=ban" OR ban NEAR/9 sales) NOT NEAR/9 not', "ban sales not", []),
    "rests on other words": (
        "(ban NEAR/1 sales OR curb NEAR/1 sales) NOT NEAR/1 not",
        "not ban sales x curb sales",
        ["curb+sales"],
    ),
    "a phrase over a word that is dropped": ('("sales ban" NEAR/9 x OR ban) NOT NEAR/1 not', "x sales ban not", []),
    "before": ('(fall OR oil NEAR/9 "=fall") NOT BEFORE/1 in', "oil fall in May", []),
    "behind": ('(hit OR oil NEAR/9 "=hit") NOT AFTER/1 to', "oil to hit", []),
    "at no distance": ('(ban OR sales NEAR/9 "=ban") NOT NEAR/0 "no ban"', "sales no ban", []),
}


@pytest.mark.parametrize(("expression", "text", "found"), PAIRS.values(), ids=PAIRS)
def test_a_pair_falls_with_a_word_that_it_rests_on(bench: Any, expression: str, text: str, found: list[str]) -> None:
    """What is not banned is not banned, whatever else is said of it; pairs that merely cross are two statements."""
    assert bench.hits(expression, text) == found


def test_a_short_span_within_a_long_one_parts_no_group(bench: Any) -> None:
    """What follows the long one is coordinated with it, whatever else was found inside."""
    lists = {"m": ["rare earth oxide", "earth", "gallium"]}
    assert bench.hits("$m NOT NEAR/1 lifted", "rare earth oxide, gallium lifted", lists=lists) == []


def test_a_list_is_looked_for_in_the_lede_and_in_the_whole_sentence(bench: Any) -> None:
    """What was found in one of the two does not stand for the other."""
    entry = bench.entry("News", summary="Gallium " + "x " * 80 + "cobalt")
    assert bench.hits("lede($mineral)", entry) == ["Gallium"]
    assert bench.hits("lede($mineral) OR $mineral", entry) == ["Gallium", "Gallium", "cobalt"]
    assert bench.hits("$mineral OR lede($mineral)", entry) == ["Gallium", "cobalt", "Gallium"]


def test_a_literal_and_a_list_of_one_name_are_not_coordinated(bench: Any) -> None:
    """A term's spelling must not tie it to a list that happens to be called so."""
    lists = {"ban": ["curb"]}
    assert bench.hits("($ban OR ban) NOT NEAR/1 lifted", "curb x x ban lifted", lists=lists) == ["curb"]


SCOPES = {
    "title": ("title(gallium)", ["title"]),
    "summary": ("summary(gallium)", ["summary"]),
    "body": ("body(gallium)", ["body"]),
    "lede": ("lede(gallium)", ["title", "summary"]),
    "all": ("gallium", ["title", "summary", "body"]),
    "within a pair": ("title(gallium) NEAR/0 gallium", ["title"]),
    "within a union": ("(title(gallium) OR body(gallium))", ["title", "body"]),
}


@pytest.mark.parametrize(("expression", "fields"), SCOPES.values(), ids=SCOPES)
def test_a_field_narrows_the_text(bench: Any, expression: str, fields: list[str]) -> None:
    """What only the headline says can be asked of the headline only."""
    entry = bench.entry("Gallium", summary="Gallium again. " + "x " * 60, body="Gallium at last")
    proof = bench.prove(expression, entry)
    assert [span.field for hit in proof.hits for span in hit.spans] == fields


CONDITIONS = {
    "and": ("gallium AND ban", "Gallium. Ban.", True),
    "and, one missing": ("gallium AND ban", "Gallium.", False),
    "or": ("gallium OR ban", "Ban.", True),
    "or, none": ("gallium OR ban", "Export.", False),
    "and not": ("gallium AND NOT ban", "Gallium.", True),
    "and not, found": ("gallium AND NOT ban", "Gallium. Ban.", False),
    "and binds more tightly": ("gallium AND ban OR export", "Export.", True),
    "within a field": ("title(gallium AND NOT ban)", "Gallium.", True),
    "within a field, found": ("title(gallium AND NOT ban)", "Gallium. Ban.", False),
}


@pytest.mark.parametrize(("expression", "text", "holds"), CONDITIONS.values(), ids=CONDITIONS)
def test_conditions_hold_as_they_read(bench: Any, expression: str, text: str, holds: bool) -> None:
    """AND, OR and NOT look at the whole entry."""
    assert bench.prove(expression, text).holds is holds
