"""Names in a headline that is all capitals: those that can be told from a common word (AID, IT, US)."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.rules.news.forms import verb_forms
from tocsin.text.tokens import Token

_COMMON_WORDS = """
    a about above act after again against age aid aim air all also am an and any apple are arena art as ask at
    away back ban bank bar base be best bid big bill block bold book boom both box but buy by
    call can car care cash cat chance chip chips city close coal cold come cost could court cross cut
    data day deal did do does dot down draft drive drop due each earth eat end energy even ever
    exploration express eye face fair fall far fast few field fine fire first fit five fix for force fortune
    four frank free from front future gap gas get give go gold good got grant great green group grow
    had half hand has have he heat help her here high him his hit hold home hope hot how
    i ice idea if in inc into iron is it its job just keep key know
    land last late law lead led less let life light like line link lit lithium live local long lot low
    mad made magnet magnetics main make man many march mark mass match may me metal metals might mine mineral minerals
    mint miss mixed model more most move much must my name near need net new next nickel no nor north not now
    of off oil old on once one only open or orange orbit order ore other our out over own
    part past pay peak per pet pick pile pit plan play plus point polish pool port post power press print push put
    race rain raise rally rare raw real red resource resources rest rich ride right rise risk road rock role rose round row run rush
    safe said sale salt sand save say scale sea seat see seek sell set shall she shell shift ship shop short should show shut
    side sign silver since sit six slam so soft some soon spark spot spring square stage star start state stay steel step
    still stock stop storm strike strong such summit sun support sure surge swan swing
    take talk tap target task tax team tell ten term test than that the their them then there these they this
    those three through tie time tin to today too top total tough trade trend trip true trust try turn two
    under unit up uranium us use value very via visa volt vote
    wait wake wall want war was water wave way we wealth week well went were west what when where which while who why
    will win wind wire wish with wolf wood word work world worth would year yes yet you your zinc zone
"""
#: Words that are more likely meant than a name that is spelt like them, where all is capitals. Closed on purpose: whatever
#: is not among them is read as the name.
COMMON_WORDS = frozenset(_COMMON_WORDS.split())
_PRONOUN = "us"
_DEEDS = """
    accept accuse acquire act add adopt agree aim allow announce appeal approve arrest ask attack award
    back ban bar begin bid blacklist block bomb boost boycott broker build buy call cancel cap charge choose claim clear close
    condemn confirm consider continue court criticize cut cut deal decide declare defend delay demand deny deploy detain discuss
    double drop ease end escalate exempt expand expect expel explore extend eye face fail file fight finalize find fine freeze fund
    gain get give grant halt hike hit hold impose increase indict intend intercept invest investigate invite invoke issue join keep
    launch lead leave levy lift limit list look lose lower make meet move mull name near need negotiate nix offer open oppose order
    oust own pause pay plan pledge postpone prepare press probe produce promise propose protest pull push put
    raise ramp reach recall refuse reject relax release remain remove renew reopen repeal replace report rescind restrict resume reveal revoke
    roll rule sanction say scrap seek seize sell send set shut sign slam slap soften spare speed spend stall start stay step stop strike
    strip sue suspend take talk target tell terminate test threaten tighten top trade triple turn unveil urge use veto vow waive want warn
    weigh welcome widen win withdraw work
"""
_MODALS = (
    "is are was were be has have had will would may might can could must should shall does did do won't can't to not"
)
#: The words behind US that show who acts: a verb, or the `to` of a headline.
_BEHIND = frozenset(form for verb in _DEEDS.split() for form in verb_forms(verb)).union(_MODALS.split())
#: The words before a pronoun that a bare verb follows: LET US BUILD.
_BEFORE = frozenset(form for verb in ("let", "help", "make", "watch", "tell", "ask") for form in verb_forms(verb)) | {
    "let's"
}


def is_name(tokens: Sequence[Token], at: int) -> bool:
    """Return whether the token *at* this place of a sentence in capitals is the name that is spelt like it.

    US is the country before a verb, `to` or a figure, where no pronoun can stand (first in a clause, behind THE), and in
    U.S., US's and US-China; elsewhere it is the pronoun.
    """
    token = tokens[at]
    if token.word.removesuffix("'s") != _PRONOUN:
        return token.word.removesuffix("'s") not in COMMON_WORDS
    return token.word != _PRONOUN or token.end - token.start > len(_PRONOUN) or _is_country(tokens, at)


def _is_country(tokens: Sequence[Token], at: int) -> bool:
    token, before = tokens[at], tokens[at - 1] if at else None
    if before is None or token.clause or before.word == "the" or _is_hyphened(before, token):
        return True
    if at + 1 == len(tokens) or before.word in _BEFORE:
        return False
    behind = tokens[at + 1]
    if _is_hyphened(token, behind):
        return True
    return not behind.clause and (behind.word in _BEHIND or any(c.isdecimal() for c in behind.word))


def _is_hyphened(token: Token, behind: Token) -> bool:
    """Return whether one mark that is no comma or slash joins two tokens."""
    return behind.start == token.end + 1 and not behind.joint and not behind.clause
