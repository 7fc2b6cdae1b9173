"""The names of months in the languages of news."""

from __future__ import annotations

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
#: The number of each month by its names, in lower case.
MONTHS = {name: number for number, names in enumerate(_NAMES, start=1) for name in names.split()}
#: Their names as one regular expression, the longest first.
ANY_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
