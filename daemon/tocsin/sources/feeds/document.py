"""A document with entries, whichever format it is in."""

from __future__ import annotations

import dataclasses

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents import page
from tocsin.sources.documents.charset import decode
from tocsin.sources.documents.items import Parsed
from tocsin.sources.documents.page import Selectors
from tocsin.sources.feeds import discovery, jsonfeed, rss
from tocsin.sources.http import urls


def read(
    body: bytes, *, url: str, content_type: str = "", content_language: str = "", selectors: Selectors | None = None
) -> Parsed:
    """The feed in *body*, which came from *url* with these headers: RSS, Atom or JSON Feed; with *selectors* a page.

    The content decides, whatever its type is said to be. Links are seen from *url* without its user and password. A page that is no feed but names some is refused with them.

    Raises:
        SourceError: NOT_A_FEED, TOO_LARGE.
    """
    url = urls.without_user(url)
    text, note = decode(body, content_type)
    if selectors:
        found = page.read(text, selectors, url=url, content_language=content_language)
        return dataclasses.replace(found, notes=(note, *found.notes)) if note else found
    if jsonfeed.is_json(text):
        found = jsonfeed.parse(text, url=url, content_language=content_language)
        return dataclasses.replace(found, notes=(note, *found.notes)) if note else found
    start = text[: discovery.LOOKED_AT]
    del text  # the reader makes its own, and a large one has little room
    try:
        return rss.parse(body, url=url, content_type=content_type, content_language=content_language)
    except SourceError as error:
        proposals = discovery.discover(start, url=url) if error.fault is Fault.NOT_A_FEED else ()
        if not proposals:
            raise
        meant = [proposal.url for proposal in proposals]
        words = f"{error}; did you mean {' or '.join(meant[:3])}?"
        raise SourceError(words, fault=Fault.NOT_A_FEED, instead=meant) from error
