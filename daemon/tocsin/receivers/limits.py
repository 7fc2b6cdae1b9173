"""Limits of services, each in its own unit, and messages cut to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from apprise.plugins.base import NotifyBase

from tocsin.model.deliveries import Message
from tocsin.render.plain import NUMBER
from tocsin.render.words import cut, whole

#: Units reserved for what a service puts between and around title and body.
_BETWEEN = 16
#: The shortest body that is shown.
_SHORTEST = 100
#: A service that takes less gets headline, link and number only.
_BRIEF = 600
#: The shortest headline that is shown if a link needs the room.
_HEAD = 20
#: ntfy's `message-size-limit`, and a share of it for the other fields of its JSON.
_NTFY, _NTFY_FIELDS = 4096, 200
#: Characters of GSM 03.38, and those that need an escape and so count twice.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€\f")
#: Characters that would make a whole short message count in 16-bit units, and their replacements.
_PLAIN = str.maketrans({"…": "...", "‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "·": "-", "‹": "<"})
#: Units of a single segment and of each of several in GSM 03.38, and of each of several in UCS-2.
_ONE_GSM, _SEVERAL_GSM, _SEVERAL_UCS2 = 160, 153, 67
#: Modules of apprise that send text messages (SMS), which are charged and cut by segment.
_SMS = """
    africas_talking bulksms bulkvs burstsms clickatell clicksend cm d7networks eight00com exotel fortysixelks freemobile
    httpsms infobip kaleyra kavenegar messagebird mobilemessage msg91 notifyre octopush plivo ringcentral serwersms seven
    sfr sinch smpp smsc smseagle smsmanager smstunnel sns telesign telnyx twilio voipms vonage
"""
_HTML = {"&": 5, "<": 4, ">": 4}


def _one(_: str) -> int:
    return 1


def _utf16(character: str) -> int:
    return 2 if ord(character) > 0xFFFF else 1


def _telegram(character: str) -> int:
    """Return the number of 16-bit units. apprise counts escapes too."""
    return _HTML.get(character) or _utf16(character)


def _ntfy(character: str) -> int:
    """Return the bytes in UTF-8, or half the bytes of the JSON escape, of which ntfy reads twice as many."""
    return 1 if character < "\x80" else 3 if character <= "\uffff" else 6


def _gsm(character: str) -> int:
    return 2 if character in _GSM_TWICE else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit of *most* units. *cost* returns the units of a character. *ellipsis* ends a text that was cut.

    With *brief* there is only room for headline, link and number.
    """

    most: int
    cost: Callable[[str], int] = _one
    brief: bool = False
    ellipsis: str = "…"

    def size(self, text: str) -> int:
        """Return how many units *text* has."""
        return sum(map(self.cost, text))

    def cut(self, text: str, most: int) -> str:
        """Return *text* cut to at most *most* units, between words and never within a link."""
        room = most - self.size(self.ellipsis)
        end, total = 0, 0
        for place, character in enumerate(text, start=1):
            total += self.cost(character)
            if total <= room:
                end = place
        return text if total <= most else text[: whole(text, end)].rstrip() + self.ellipsis


def fitted(message: Message, plugin: NotifyBase) -> tuple[str, str]:
    """Return title and body of *message*, cut so that the service of *plugin* accepts them."""
    titled = plugin.title_maxlen > 0
    title = cut(message.subject, plugin.title_maxlen) if titled else message.subject
    module = _module(plugin)
    if module in _SMS.split() and not titled:
        parts = [part.translate(_PLAIN) for part in message.brief] or [message.text]
        return "", _brief(parts, _sms(plugin.body_maxlen, "".join(parts)))
    limit = _limit(module, plugin.body_maxlen)
    if limit.brief and message.brief:
        return title if titled else "", _brief(message.brief, limit)
    return title, _body(message, limit, limit.most - limit.size(title) - _BETWEEN)


def _module(plugin: NotifyBase) -> str:
    """Return the name of the module in which apprise has the service of *plugin*, which may be a class of ours."""
    places = (kind.__module__.partition("apprise.plugins.")[2] for kind in type(plugin).__mro__)
    return next(filter(None, places), "").partition(".")[0]


def _body(message: Message, limit: Limit, room: int) -> str:
    """Return the text, or its beginning, the number of its alert and the link to answer it."""
    room = max(_SHORTEST, room)
    if limit.size(message.text) <= room:
        return message.text
    number = f"\n\n{message.brief[NUMBER]}" if message.brief else ""
    if message.answers:
        number += f"\nAnswer: {message.answers[0][1]}"
    return limit.cut(message.text, room - limit.size(number)) + number


def _brief(parts: Sequence[str], limit: Limit) -> str:
    """Return the parts of the shortest form on a line each.

    Only the headline is cut. If the others have no room, the number is left out first, then the link.
    """
    head, *others = parts
    kept: dict[int, str] = {}
    room = limit.most
    for place in sorted(range(len(others)), key=lambda place: (place >= NUMBER, -place)):
        size = limit.size(others[place]) + 1
        least = limit.size(head) if place >= NUMBER else min(_HEAD, limit.size(head))
        if others[place] and size + least <= room:
            kept[place], room = others[place], room - size
    return "\n".join((limit.cut(head, room), *(kept[place] for place in sorted(kept))))


def _limit(module: str, most: int) -> Limit:
    if module == "ntfy":
        return Limit(most=_NTFY - _NTFY_FIELDS, cost=_ntfy)
    if module == "telegram":
        return Limit(most=most, cost=_telegram)
    cost = _utf16 if module == "discord" else _one
    return Limit(most=most, cost=cost, brief=most < _BRIEF)


def _sms(most: int, text: str) -> Limit:
    """Return the limit of *text* in as many segments as the service accepts, or two of UCS-2 if that is one."""
    segments = max(1, most // _SEVERAL_GSM)
    if all(character in _GSM or character in _GSM_TWICE for character in text):
        return Limit(
            most=min(most, _ONE_GSM if segments == 1 else _SEVERAL_GSM * segments),
            cost=_gsm,
            brief=True,
            ellipsis="...",
        )
    return Limit(most=min(most, _SEVERAL_UCS2 * max(2, segments)), cost=_utf16, brief=True)
