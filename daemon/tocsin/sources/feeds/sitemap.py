"""News sitemaps: they list the articles of a site, and are read like RSS."""

from __future__ import annotations

import re

_NEWS = re.compile(r"""\sxmlns:([\w.-]{1,40})\s*=\s*["']https?://www\.google\.com/schemas/sitemap-news/0\.9["']""")
#: Characters of a document in which its first tag is searched.
_HEAD = 4000
_TAG = re.compile(r"<(/?)([A-Za-z][\w.-]{0,40}(?::[\w.-]{1,40})?)(?=[\s/>])[^<>]*+>")
_PLAIN = {"urlset": "channel", "url": "item", "loc": "link"}
_OF_NEWS = {"title": "title", "publication_date": "pubDate", "name": "source", "language": "dc:language"}


def sitemap_as_rss(document: str) -> str:
    """Return *document* as RSS if it is a sitemap with news, so that it can be read like any feed. Else empty.

    Elements of other vocabularies, such as image titles, are left out. A page without news has no title.
    """
    head = document[:_HEAD]
    found = _NEWS.search(head)
    if not found or "<urlset" not in head:
        return ""
    names = {**_PLAIN, **{f"{found[1]}:{name}": meant for name, meant in _OF_NEWS.items()}}
    start = document.index("<urlset")
    inner = _TAG.sub(lambda tag: f"<{tag[1]}{names[tag[2]]}>" if tag[2] in names else "", document[start:])
    return f'<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">{inner}</rss>'
