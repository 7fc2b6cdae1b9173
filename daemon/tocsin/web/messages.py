"""Messages as they are sent, each shut into a frame of its own."""

from __future__ import annotations

import json
from base64 import b64encode

from aiohttp import web

from tocsin.model.deliveries import Message
from tocsin.render.answer_links import masked
from tocsin.web.headers import HEADERS
from tocsin.web.page import TEMPLATES

_POLICY = "Content-Security-Policy"
#: A message was written by strangers in part: nothing in it may run, load or leave its frame.
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


def alone(message: Message) -> web.Response:
    """Return *message* alone, as it is sent; no link in it can answer an alert."""
    message = masked(message)
    text = _html(message) or TEMPLATES.get_template("message.html").render(text=_text(message))
    return web.Response(text=text, content_type="text/html", headers={_POLICY: _SANDBOX})


def framing(response: web.Response) -> web.Response:
    """Return *response*, a page that may have messages in frames."""
    response.headers[_POLICY] = f"{HEADERS[_POLICY]}; frame-src 'self'"
    return response


def _html(message: Message) -> str:
    """Return the HTML of a mail with its pictures in it; empty for a message that has none."""
    html = message.html
    for name, picture in message.pictures:
        html = html.replace(f"cid:{name}", f"data:image/png;base64,{b64encode(picture).decode()}")
    return html


def _text(message: Message) -> str:
    """Return a message without HTML: what was posted, or subject and text."""
    if message.payload:
        return json.dumps(json.loads(message.payload), indent=2, ensure_ascii=False)
    return f"{message.subject}\n\n{message.text}"
