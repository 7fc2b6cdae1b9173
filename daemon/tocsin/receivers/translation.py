"""One question to a translation server, in the form of LibreTranslate's API: POST /translate with q, source, target, format, api_key."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit

import requests

from tocsin.errors import TocsinError
from tocsin.receivers.exchange import Exchange, install
from tocsin.receivers.redact import redactor
from tocsin.render.words import cut, one_line

#: Characters of a headline that are sent, and of a translation that are kept.
_LONGEST_QUESTION, _LONGEST_ANSWER = 500, 1000
_PATH = "/translate"
#: Answers that say that this text, or these languages, cannot be translated; any other failure is of the server.
_REFUSALS = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationServer:
    """A translation server at *url*, with or without /translate at its end; it wants a *key* or none."""

    url: str = field(repr=False)
    key: str = field(default="", repr=False)

    @property
    def endpoint(self) -> str:
        """The address of its question."""
        parts = urlsplit(self.url)
        path = parts.path.rstrip("/")
        return urlunsplit(parts._replace(path=path if path.endswith(_PATH) else f"{path}{_PATH}"))


class TranslationError(TocsinError):
    """There is no translation. It is *refused* if the server would not translate this text another time either."""

    def __init__(self, words: str, *, refused: bool = False) -> None:
        super().__init__(words)
        self.refused = refused


def translate(server: TranslationServer, text: str, source: str, target: str, within: float) -> str:
    """Return *text* in the language *target*, on one line, asking for at most *within* seconds.

    Raises:
        TranslationError: the server refuses, fails, or answers with something else.
    """
    question = {"q": cut(one_line(text), _LONGEST_QUESTION), "source": source, "target": target, "format": "text"}
    if server.key:
        question["api_key"] = server.key
    install()
    with Exchange(within) as exchange:
        try:
            answer = requests.post(
                server.endpoint,
                json=question,
                headers={"Accept": "application/json", "User-Agent": "tocsin"},
                auth=lambda request: request,  # else requests looks into ~/.netrc
                allow_redirects=False,
                timeout=within,
            )
        except requests.RequestException as error:
            words = _outcome(exchange) or type(error).__name__
            raise TranslationError(_shown(server, words)) from None  # the cause may hold the address
    if answer.status_code != HTTPStatus.OK:
        raise TranslationError(_shown(server, _outcome(exchange)), refused=answer.status_code in _REFUSALS)
    found = _text(answer.content)
    if not found:
        raise TranslationError("answers without a translation: check the address")
    return found


def _outcome(exchange: Exchange) -> str:
    """Return what became of the question: the status of the answer, if there was one, and what it says."""
    outcome = exchange.outcome
    return f"{outcome.code or ''} {outcome.words}".strip() if outcome else ""


def _text(body: bytes) -> str:
    """Return the translation in *body*; empty if it is no answer of such a server."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    text = found.get("translatedText") if isinstance(found, dict) else None
    return cut(one_line(text), _LONGEST_ANSWER) if isinstance(text, str) else ""


def _shown(server: TranslationServer, words: str) -> str:
    """Return the words of a server without the key, which some repeat."""
    return cut(redactor(server.url, headers=[server.key] if server.key else [])(one_line(words)), 200)
