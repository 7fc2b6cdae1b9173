"""Word forms: made when a pack is compiled, never by stemming the text."""

from __future__ import annotations

import re

_VOWELS = "aeiou"
_LATIN = re.compile(r"[a-z]+(?:'[a-z]+)?")
#: Past tense and participle of the irregular verbs that news uses.
_IRREGULAR = {
    row.split()[0]: tuple(row.split()[1:])
    for row in """
    become became|begin began begun|break broke broken|bring brought|build built|buy bought|catch caught|choose chose chosen|
    come came|cut|deal dealt|do did done|draw drew drawn|drive drove driven|eat ate eaten|fall fell fallen|feel felt|
    fight fought|find found|forbid forbade forbidden|forgo forwent forgone|freeze froze frozen|get got gotten|give gave given|
    go went gone|grow grew grown|hit|hold held|keep kept|know knew known|lead led|leave left|lend lent|let|lose lost|
    make made|mean meant|meet met|overtake overtook overtaken|pay paid|put|quit|rebuild rebuilt|rise rose risen|run ran|
    say said|see saw seen|seek sought|sell sold|send sent|set|shoot shot|shrink shrank shrunk|shut|sink sank sunk|
    speak spoke spoken|spend spent|split|spring sprang sprung|stand stood|steal stole stolen|stick stuck|
    strike struck stricken|swing swung|take took taken|tell told|think thought|throw threw thrown|undergo underwent undergone|
    undertake undertook undertaken|unwind unwound|uphold upheld|win won|withdraw withdrew withdrawn|withhold withheld|
    write wrote written|spread|cast|bid|bind bound|overturn|understand understood|retake retook retaken|resell resold
    """.replace("\n", " ").split("|")
    if row.split()
}
_PLURALS = {
    "man": ("men",),
    "woman": ("women",),
    "child": ("children",),
    "person": ("people",),
    "analysis": ("analyses",),
    "crisis": ("crises",),
    "memorandum": ("memoranda", "memorandums"),
}
_BEHIND_HEADS = "of on for in into to from with against between over at by general elect designate"
#: The words of a phrase behind the noun that carries its plural: letters *of* interest, attorneys *general*.
_POSTMODIFIERS = frozenset(_BEHIND_HEADS.split())
#: Words before a preposition that are no nouns: up to, out of, ahead of.
_PARTICLES = frozenset(["up", "down", "out", "off", "back", "away", "ahead", "due", "because", "instead"])


def noun_forms(word: str) -> frozenset[str]:
    """Return *word* with its plural and both possessives; a word that is not plain Latin has only itself."""
    if not _LATIN.fullmatch(word) or len(word) < 2:
        return frozenset([word])
    if word.endswith("'s"):
        return frozenset([word])
    plurals = _plurals(word)
    return frozenset([word, f"{word}'s", *(plural + ending for plural in plurals for ending in ("", "'", "'s"))])


def head_forms(word: str, follower: str) -> frozenset[str]:
    """Return *word* within a phrase, with its plural where its *follower* says that it is the noun which takes it.

    A preposition does, and the few adjectives that stand behind their noun. The plural is also the third person of a verb.
    """
    plural_already = word.endswith("s") and not word.endswith("ss")
    if follower not in _POSTMODIFIERS or word in _POSTMODIFIERS | _PARTICLES or plural_already:
        return frozenset([word])
    return frozenset([word, *_plurals(word)]) if _LATIN.fullmatch(word) and len(word) > 1 else frozenset([word])


def verb_forms(word: str) -> frozenset[str]:
    """Return *word* with third person, past, participle and -ing form, doubled consonants and irregular verbs included."""
    if not _LATIN.fullmatch(word) or len(word) < 2:
        return frozenset([word])
    forms = {word, _with_s(word)}
    before_ed, before_ing = _stems(word)
    forms |= {stem + "ing" for stem in before_ing}
    # An irregular verb that never changes (cut) has an entry without further forms.
    past = _IRREGULAR.get(word)
    return frozenset(forms.union({stem + "ed" for stem in before_ed} if past is None else past))


def _plurals(word: str) -> tuple[str, ...]:
    return _PLURALS.get(word) or (_with_s(word),)


def _with_s(word: str) -> str:
    if word.endswith("y") and len(word) > 2 and word[-2] not in _VOWELS:
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


def _stems(word: str) -> tuple[set[str], set[str]]:
    """Return the stems before -ed and before -ing; a last consonant both once and twice: control, controlled, tightened."""
    if word.endswith("ie"):
        return {word[:-1]}, {word[:-2] + "y"}
    if word.endswith(("ee", "oe", "ye")):
        return {word[:-1]}, {word}
    if word.endswith("e"):
        return {word[:-1]}, {word[:-1]}
    if word.endswith("y") and word[-2] not in _VOWELS:
        return {word[:-1] + "i"}, {word}
    stems = {word}
    if len(word) > 2 and word[-1] not in _VOWELS + "wxyh" and word[-2] in _VOWELS and word[-3] not in _VOWELS:
        stems.add(word + word[-1])
    return stems, stems
