"""A message as HTML for mail: one column, no images, nothing loaded from anywhere, readable in light and dark."""

from __future__ import annotations

from jinja2 import Environment

from tocsin.model import Severity
from tocsin.render.view import View

#: Where the preface of a late message goes; the sender puts it in.
PREFACE = "<!--preface-->"
_COLOURS = {
    Severity.CRITICAL: "#b42318",
    Severity.HIGH: "#c4560a",
    Severity.MEDIUM: "#8a6d00",
    Severity.LOW: "#1d5fa8",
    Severity.INFO: "#5b6470",
}
_TEMPLATE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{{ view.sections[0].title }}</title>
<style>
@media (prefers-color-scheme: dark) {
  body, .page { background: #14171a !important; color: #e6e8ea !important; }
  .card { background: #1c2024 !important; border-color: #31373d !important; }
  a { color: #7db4f0 !important; }
  .quote { background: #23282d !important; }
  mark { background: #6b5500 !important; color: #fff3c4 !important; }
  .dim, .dim td { color: #9aa3ab !important; }
}
</style>
</head>
<body style="margin:0;padding:0;background:#f4f5f6;color:#1c2024">
<div class="page" style="background:#f4f5f6;padding:16px 8px;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5">
<div style="max-width:640px;margin:0 auto">
<!--preface-->
{% for section in view.sections %}
<div class="card" style="background:#ffffff;border:1px solid #dfe2e5;border-left:5px solid {{ colours[section.severity] }};border-radius:4px;padding:18px 20px;margin:0 0 14px">
<div style="font-size:13px;letter-spacing:.04em"><b style="color:{{ colours[section.severity] }}">{{ section.severity.upper() }}</b>&ensp;{% if view.word %}{{ view.word }}: {% endif %}{{ section.title }}</div>
{% if section.headline %}
<h1 style="font-size:20px;line-height:1.3;margin:6px 0 2px;font-weight:600">{% if section.headline.url %}<a href="{{ section.headline.url }}" style="color:#14508c;text-decoration:none">{{ section.headline.text }}</a>{% else %}{{ section.headline.text }}{% endif %}</h1>
<div class="dim" style="font-size:13px;color:#5b6470;overflow-wrap:anywhere">{{ section.headline.publisher }}{% if section.headline.url %} · {{ host(section.headline.url) }}{% endif %}</div>
{% endif %}
{% if section.detail %}<p style="margin:12px 0 0;white-space:pre-line">{{ section.detail }}</p>{% endif %}
{% if section.quote %}
<blockquote class="quote" style="margin:14px 0 0;padding:10px 14px;background:#f4f5f6;border-radius:4px;overflow-wrap:anywhere">{% for piece, marked in section.quote %}{% if marked %}<mark style="background:#ffe58a;color:#1c2024;padding:0 2px">{{ piece }}</mark>{% else %}{{ piece }}{% endif %}{% endfor %}</blockquote>
{% endif %}
<table role="presentation" cellpadding="0" cellspacing="0" style="margin:14px 0 0;font-size:14px;border-collapse:collapse">
{% for name, value in section.why %}<tr><td class="dim" style="color:#5b6470;padding:1px 14px 1px 0;vertical-align:top;white-space:nowrap">{{ name }}</td><td style="padding:1px 0;overflow-wrap:anywhere">{{ value }}</td></tr>
{% endfor %}</table>
{% if section.note %}<p style="margin:12px 0 0;font-style:italic;white-space:pre-line">{{ section.note }}</p>{% endif %}
{% if section.related %}
<div style="margin:14px 0 0;font-size:14px"><b>Also reported ({{ section.related | length + section.more }})</b>
<ul style="margin:4px 0 0;padding-left:20px">
{% for link in section.related %}<li>{% if link.url %}<a href="{{ link.url }}" style="color:#14508c;text-decoration:none">{{ link.text }}</a>{% else %}{{ link.text }}{% endif %} <span class="dim" style="color:#5b6470">{{ link.publisher }}</span></li>
{% endfor %}{% if section.more %}<li>and {{ section.more }} more</li>{% endif %}
</ul></div>
{% endif %}
<div class="dim" style="margin:14px 0 0;font-size:13px;color:#5b6470">{% for name, value in section.times %}{{ name }} {{ value }}{% if not loop.last %}<br>{% endif %}{% endfor %}</div>
</div>
{% endfor %}
<div class="dim" style="font-size:12px;color:#5b6470;padding:0 4px">tocsin · delivery {{ view.delivery_id }}</div>
</div>
</div>
</body>
</html>
"""


def _host(url: str) -> str:
    """The host that a link really leads to, so that nobody is fooled by its words."""
    return url.split("/", 3)[2].rpartition("@")[2]


# One template of our own; what it is filled with is escaped and never read as a template.
_ENVIRONMENT = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
_COMPILED = _ENVIRONMENT.from_string(_TEMPLATE)


def html(view: View) -> str:
    """The HTML part."""
    return _COMPILED.render(view=view, colours=_COLOURS, host=_host)
