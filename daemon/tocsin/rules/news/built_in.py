"""The terms that are built in, by the name behind `@tocsin/`."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.rules.news.amounts import AMOUNTS
from tocsin.rules.news.names import proper_names
from tocsin.rules.news.terms import Term, TermList

_NAME = TermList("tocsin/name", ((Term("@tocsin/name", loose=True), ""),), finder=proper_names)
BUILT_IN: Mapping[str, TermList] = {**AMOUNTS, "name": _NAME}
