"""The names of months in the languages of news."""

from __future__ import annotations

import unicodedata
from functools import cache

#: English, German, French, Spanish, Italian, Portuguese and Russian, which texts about the future are read in.
_NAMES = (
    "jan january januar jänner janvier enero gennaio janeiro января",
    "feb february februar février febrero febbraio fevereiro февраля",
    "mar march märz mars marzo março марта",
    "apr april avril abril aprile апреля",
    "may mai mayo maggio maio мая",
    "jun june juni juin junio giugno junho июня",
    "jul july juli juillet julio luglio julho июля",
    "aug august août agosto августа",
    "sep sept september septembre septiembre settembre setembro сентября",
    "oct october oktober octobre octubre ottobre outubro октября",
    "nov november novembre noviembre novembro ноября",
    "dec december dezember décembre diciembre dicembre dezembro декабря",
)
#: Names and short forms that only dates of documents have: Dutch, Scandinavian, Hungarian, Turkish, Indonesian and Greek.
_MORE_NAMES = (
    "ocak ιανουαριου янв",
    "subat pebruari φεβρουαριου",
    "mrz maerz mrt maart maret mart μαρτιου",
    "nisan απριλιου",
    "mei maj μαιου май",
    "haziran ιουνιου июн",
    "temmuz ιουλιου июл",
    "agustus agt αυγουστου",
    "set szeptember eylul σεπτεμβριου",
    "okt ekim οκτωβριου",
    "kasim νοεμβριου",
    "dez dic dez des desember aralik δεκεμβριου",
)
#: The number of each month by its names, in lower case.
MONTHS = {name: number for number, names in enumerate(_NAMES, start=1) for name in names.split()}
#: Their names as one regular expression, the longest first.
ANY_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))


def month_like(word: str) -> int | None:
    """Return the number of the month that *word*, in a date, begins like; None if there is none."""
    plain = _plain(word)
    return _beginnings().get(plain[:4]) or _beginnings().get(plain[:3])


@cache
def _beginnings() -> dict[str, int]:
    """Return months by the first letters of their names without marks: three, or four where three are of two months."""
    found: dict[str, int | None] = {}
    for table in (_NAMES, _MORE_NAMES):
        for number, names in enumerate(table, start=1):
            for name in map(_plain, names.split()):
                found[name[:4]] = number
                found[name[:3]] = number if found.get(name[:3], number) == number else None
    return {beginning: number for beginning, number in found.items() if number}


def _plain(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
