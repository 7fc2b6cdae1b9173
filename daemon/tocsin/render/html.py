"""A message as HTML for mail programs: one file, no remote parts, light and dark."""

from __future__ import annotations

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined

from tocsin.render.digest import Digest
from tocsin.render.page import Page

#: Most bytes of a digest. Mail programs cut longer ones off.
MOST_BYTES = 98_000
# Many mail programs drop style sheets, so styles are inlined. Only those for dark mode stay in the sheet.
_INLINER = css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)
_TEMPLATES = Environment(loader=PackageLoader("tocsin.render", "."), autoescape=True, undefined=StrictUndefined)


def html(page: Page, subject: str) -> str:
    """Return the whole message, with matched words marked and feed text escaped."""
    return _shown("mail.html", page, subject)


def digest_html(digest: Digest, subject: str) -> str:
    """Return the whole digest. If it would be too long, one-line alerts are left out and counted."""
    shown = _shown("digest.html", digest, subject)
    while len(shown.encode()) > MOST_BYTES and digest.brief:
        digest = digest.short(len(digest.brief) // 2)
        shown = _shown("digest.html", digest, subject)
    return shown


def _shown(template: str, page: Page | Digest, subject: str) -> str:
    return _INLINER.inline(_TEMPLATES.get_template(template).render(page=page, subject=subject))
