"""What a feed writes, through apprise's own plugins of chat services, to a server on loopback in their place."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.telegram import NotifyTelegram

from tocsin.model import ErrorClass, MessageKind
from tocsin.receivers.apprise import build

#: What Telegram takes for markup of ours in a text of its HTML mode.
_OURS = re.compile(r"</?(b|i|u|s|code|pre|strong|em)>")
_ENTITY = re.compile(r"&(?!(lt|gt|amp|quot|apos|#\d+|emsp|nbsp);)")


@pytest.mark.parametrize(
    "headline",
    [
        "<b",
        "a_b",
        "*",
        "[x](",
        "x" * 5000,
        "< " * 2500,
        "`",
        "</pre><a href='https://evil.example'>bank</a>",
        "&lt;b&gt; & <",
    ],
    ids=[
        "open tag",
        "underscore",
        "star",
        "open link",
        "5000 characters",
        "5000 to be escaped",
        "backtick",
        "link",
        "entities",
    ],
)
def test_no_headline_makes_telegram_refuse_or_mark_up_a_message(
    headline: str, web: Any, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One stray bracket is a 400 there, and the alert is lost."""
    monkeypatch.setattr(NotifyTelegram, "notify_url", f"{web.url}/bot")
    web.answers[0].body = json.dumps({"ok": True, "result": {}}).encode()
    receiver = build("chat", "tgram://123456789:abcdefghijklmnopqrstuvwxyz012345678/-1001234567/")
    sent = post(MessageKind.TEXT, headline)
    assert receiver.send(sent.delivery, sent.message).error_class is ErrorClass.OK
    assert len(web.requests) == 1
    content = json.loads(web.requests[0][2])
    text = content["text"]
    assert len(text) <= 4096
    if content.get("parse_mode") == "HTML":
        assert "<" not in _OURS.sub("", text)
        assert not _ENTITY.search(text)
    else:
        assert "parse_mode" not in content, "a text that is marked up must be escaped for that markup"


@pytest.mark.parametrize("headline", ["@everyone", "<@123>", "<@&1>", "@\u202eeveryone", "@here now", "y" * 5000])
def test_no_headline_pings_anybody_on_discord(
    headline: str, web: Any, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A feed must not wake four thousand people."""
    monkeypatch.setattr(NotifyDiscord, "notify_url", f"{web.url}/api/webhooks")
    web.answers[0].status, web.answers[0].body = 204, b""
    receiver = build("chat", "discord://1234567890/abcdefghijklmnopqrstuvwxyz/")
    sent = post(MessageKind.TEXT, headline)
    assert receiver.send(sent.delivery, sent.message).error_class is ErrorClass.OK
    assert len(web.requests) == 1
    content = json.loads(web.requests[0][2])
    shown = json.dumps(content, ensure_ascii=False)
    assert not re.search(r"@everyone|@here|<@", shown)
    assert content.get("allow_mentions", content.get("allowed_mentions", {})).get("parse", []) == []
    assert len(content.get("content") or "") <= 2000
