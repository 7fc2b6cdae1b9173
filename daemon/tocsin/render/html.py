"""A message as HTML for mail programs: one file, no remote parts, light and dark."""

from __future__ import annotations

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined

from tocsin.render.page import Page

# Many mail programs drop style sheets, so the styles go to the elements; the dark ones can only stay behind.
_INLINER = css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)
_TEMPLATES = Environment(loader=PackageLoader("tocsin.render", "."), autoescape=True, undefined=StrictUndefined)


def html(page: Page, subject: str) -> str:
    """The whole message; matched words are marked, and whatever a stranger wrote is escaped."""
    return _INLINER.inline(_TEMPLATES.get_template("mail.html").render(page=page, subject=subject))
