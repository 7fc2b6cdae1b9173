"""The terms that are built in, by the name behind `@tocsin/`."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.rules.news.terms import Terms

BUILT_IN: Mapping[str, Terms] = {}
