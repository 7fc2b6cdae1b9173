"""Sitemaps of Google News: for many papers the only complete list of their news."""

from __future__ import annotations

import re

_NEWS = re.compile(r"""\sxmlns:([\w.-]{1,40})\s*=\s*["']https?://www\.google\.com/schemas/sitemap-news/0\.9["']""")
#: How far into a document its first tag is looked for.
_HEAD = 4000
_TAG = re.compile(r"<(/?)([A-Za-z][\w.-]{0,40}(?::[\w.-]{1,40})?)(?=[\s/>])[^<>]*+>")
_PLAIN = {"urlset": "channel", "url": "item", "loc": "link"}
_OF_NEWS = {"title": "title", "publication_date": "pubDate", "name": "source", "language": "dc:language"}


def as_rss(document: str) -> str:
    """*document* as RSS where it is a sitemap with news, so that it is read as any feed; else empty.

    Elements of other vocabularies, such as titles of images, are left out; a page without news has no title.
    """
    head = document[:_HEAD]
    found = _NEWS.search(head)
    if not found or "<urlset" not in head:
        return ""
    names = {**_PLAIN, **{f"{found[1]}:{name}": meant for name, meant in _OF_NEWS.items()}}
    start = document.index("<urlset")
    inner = _TAG.sub(lambda tag: f"<{tag[1]}{names[tag[2]]}>" if tag[2] in names else "", document[start:])
    return f'<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">{inner}</rss>'
