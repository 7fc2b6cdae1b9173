"""The demo's feeds as documents: RSS 2.0, RSS 1.0, Atom, and one that is broken."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from email.utils import format_datetime
from html import escape

from tocsin.demo.timeline import Published

#: Name of each feed to its kind and title.
FEEDS = {
    "wire": ("rss", "Commodity Wire"),
    "metals": ("atom", "Metals Daily"),
    "gazette": ("rdf", "Trade Gazette"),
    "post": ("rss", "Harbour Post"),
    "shangbao": ("rss", "港口商报"),
    "slow": ("atom", "Slow News"),
    "broken": ("broken", "Broken Herald"),
}


def document(feed: str, items: Sequence[Published]) -> bytes:
    """The feed named *feed* with *items*, as bytes of UTF-8."""
    kind, title = FEEDS[feed]
    text = {"rss": _rss, "atom": _atom, "rdf": _rdf, "broken": _broken}[kind](title, items)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()


def link(published: Published) -> str:
    """Where an item leads: nowhere, on a name that is reserved for examples."""
    item = published.item
    return f"https://{item.feed}.example/{hashlib.sha256(item.title.encode()).hexdigest()[:10]}"


def _rss(title: str, items: Sequence[Published]) -> str:
    entries = "".join(
        f"<item><title>{escape(p.item.title)}</title><link>{link(p)}</link><guid>{link(p)}</guid>"
        f"<pubDate>{format_datetime(p.at)}</pubDate><description>{_html(p)}</description></item>\n"
        for p in items
    )
    return (
        f'<rss version="2.0"><channel><title>{title}</title><link>https://x.example/</link>\n{entries}</channel></rss>'
    )


def _atom(title: str, items: Sequence[Published]) -> str:
    entries = "".join(
        f'<entry><id>{link(p)}</id><title>{escape(p.item.title)}</title><link href="{link(p)}"/>'
        f"<published>{p.at.isoformat()}</published><updated>{p.at.isoformat()}</updated>"
        f'<summary type="html">{_html(p)}</summary></entry>\n'
        for p in items
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><id>x</id><title>{title}</title>\n{entries}</feed>'


def _rdf(title: str, items: Sequence[Published]) -> str:
    entries = "".join(
        f'<item rdf:about="{link(p)}"><title>{escape(p.item.title)}</title><link>{link(p)}</link>'
        f"<dc:date>{p.at.isoformat()}</dc:date><description>{_html(p)}</description></item>\n"
        for p in items
    )
    return (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://x.example/"><title>{title}</title>'
        f"<link>https://x.example/</link></channel>\n{entries}</rdf:RDF>"
    )


def _broken(title: str, _: Sequence[Published]) -> str:
    return f"<!DOCTYPE html><html><head><title>{title}</title></head><body>Back soon</body></html>"


def _html(published: Published) -> str:
    """The summary as feeds give it: HTML, escaped once more."""
    text = published.item.text
    return escape(f"<p>{escape(text)}</p>") if text else ""
