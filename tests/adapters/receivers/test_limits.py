"""Messages that are longer than a service takes, through apprise's own plugins."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.google_chat import NotifyGoogleChat
from apprise.plugins.mastodon import NotifyMastodon
from apprise.plugins.telegram import NotifyTelegram
from apprise.plugins.twilio import NotifyTwilio
from hypothesis import given
from hypothesis import strategies as st

from tocsin.model.deliveries import ErrorClass, MessageKind
from tocsin.receivers.kinds import build
from tocsin.receivers.limits import Limit, _gsm, _ntfy, _sms, _utf16
from tocsin.render.message import reduced, with_preface

LINK = "https://news.example/gallium"
ENGLISH = "China bans exports of gallium and germanium to the United States " * 4
CHINESE = "商务部公告禁止镓锗锑超硬材料相关两用物项对美国出口" * 5
EMOJI = "😀" * 5000


def sent_to(url: str, web: Any, post: Any, headline: str, text: str = "", preface: str = "") -> dict[str, Any]:
    """The fields of the one request that a message makes."""
    receiver = build("desk", url)
    made = post(MessageKind.TEXT, headline, receiver.recipients[0])
    message = replace(made.message, text=f"{made.message.text}{text}")
    assert receiver.send(made.delivery, with_preface(message, preface)).error_class is ErrorClass.OK
    ((_, _, body),) = web.requests
    if body[:1] == b"{":
        content: dict[str, Any] = json.loads(body)
        return content
    return {name: values[0] for name, values in parse_qs(body.decode()).items()}


@pytest.mark.parametrize("text", ["x" * 9000, "禁止镓出口" * 900, EMOJI, '"\\' * 5000, "a wörd " * 900])
@pytest.mark.parametrize("headline", [ENGLISH, CHINESE])
def test_ntfy_takes_a_message_in_octets(headline: str, text: str, web: Any, post: Any) -> None:
    """Twelve alerts in two languages are 6,000 octets, and ntfy answers 413 above 4,096, or twice that as JSON."""
    content = sent_to(f"ntfy://{web.url.removeprefix('http://')}/metals", web, post, headline, text)
    assert len(content["message"].encode()) <= 4096
    assert len(web.requests[0][2]) <= 8192
    assert content["message"].endswith("Alert 1")
    assert LINK in content["message"]


@pytest.mark.parametrize("text", [EMOJI, "&<>" * 3000, "word " * 3000])
def test_telegram_and_discord_count_in_units_of_sixteen_bits(
    text: str, web: Any, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An emoji is two of them; the number of the alert is there all the same."""
    monkeypatch.setattr(NotifyTelegram, "notify_url", f"{web.url}/bot")
    monkeypatch.setattr(NotifyDiscord, "notify_url", f"{web.url}/discord")
    web.answers[0].body = b'{"ok": true, "result": {}}'
    for url, most in ((f"tgram://123456789:{'a' * 35}/4711", 4096), (f"discord://{'1' * 18}/{'a' * 68}", 2000)):
        web.requests.clear()
        payload = sent_to(url, web, post, ENGLISH, text)
        shown = payload["text"] if "text" in payload else payload["content"] + payload["embeds"][0]["description"]
        assert len(shown.encode("utf-16-le")) // 2 <= most
        assert shown.rstrip().endswith("Alert 1")


@pytest.mark.parametrize("headline", ["Ban on gallium", ENGLISH, CHINESE, "Ban — “on” gallium…", "[x] {y} €" * 20])
@pytest.mark.parametrize("preface", ["", "Late by 2 h: this was to be sent at 2026-03-02 12:00 UTC."])
def test_a_short_message_has_headline_link_and_number(
    headline: str, preface: str, web: Any, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with a whole word, and is one segment of GSM 03.38 or two of UCS-2."""
    monkeypatch.setattr(NotifyTwilio, "notify_sms_url", web.url + "/{sid}/Messages.json")
    web.answers[0].status = 201
    url = f"twilio://AC{'a' * 32}:{'b' * 32}@15555550100/15555550199"
    body = sent_to(url, web, post, headline, preface=preface)["Body"]
    head, link, number, *notes = body.split("\n")
    assert (link, number) == (LINK, "Alert 1")
    assert notes in ([], [preface])
    assert len(body.encode("utf-16-le")) // 2 <= (134 if headline == CHINESE else 160)
    said = head.removesuffix("...").removesuffix("…").rstrip()
    whole = f"[HIGH] gallium: ban - {headline}".translate(str.maketrans("—“”", '-""')).replace("…", "...")
    assert whole.startswith(said)
    assert headline == CHINESE or not whole[len(said) : len(said) + 1].isalnum()


def test_every_short_service_gets_the_short_form(web: Any, post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 characters of a page that begins with rules and rows leave no link."""
    monkeypatch.setattr(NotifyMastodon, "mastodon_toot", "/toots")
    url = f"mastodon://token@{web.url.removeprefix('http://')}/"
    shown = sent_to(url, web, post, ENGLISH)["status"]
    assert shown.split("\n")[1:] == [LINK, "Alert 1"]
    assert len(shown) <= 500


@given(
    text=st.text(st.sampled_from("ab zé镓😀{€…\n") | st.characters(exclude_categories=["Cs"])),
    most=st.integers(min_value=4, max_value=80),
    cost=st.sampled_from([_ntfy, _utf16, lambda _: 1]),
)
def test_what_is_cut_fits_and_is_the_beginning(text: str, most: int, cost: Any) -> None:
    """In every unit: whole where it fits, else a beginning with an ellipsis."""
    limit = Limit(most=most, cost=cost)
    shown = limit.cut(text, most)
    assert limit.size(shown) <= most
    assert shown == text or text.startswith(shown.removesuffix("…"))


@given(st.text(st.sampled_from("abc {}[]~^|€é\n"), max_size=400))
def test_a_text_of_gsm_counts_its_escapes(text: str) -> None:
    """A brace is two of 160."""
    limit = _sms(160, text)
    assert limit.size(limit.cut(text, limit.most)) <= 160
    assert _gsm("{") == 2


@pytest.mark.parametrize("kind", [MessageKind.TEXT, MessageKind.SLACK, MessageKind.MAIL, MessageKind.HOOK])
@pytest.mark.parametrize("text", ["镓 " * 3000, "x" * 9000, f"{LINK}/{'y' * 990} " * 9])
def test_the_form_after_a_refusal_for_size_is_short_in_every_unit(kind: MessageKind, text: str, post: Any) -> None:
    """A thousand octets, made once: the short form of it is itself."""
    message = post(kind).message
    short = reduced(replace(message, text=message.text + text))
    assert len(short.text.encode()) <= 1000
    assert reduced(short) == short
    if kind is MessageKind.TEXT:
        assert short.text.startswith(f"{LINK}\nAlert 1\n\n")


HEADLINES = ["EU_bans *gallium* (II) - v1.2!", "`code` \\ and #1 + [x](https://evil.example) <at>all</at>"]


@pytest.mark.parametrize("headline", HEADLINES)
def test_cards_of_teams_wrap_and_lead_where_they_say(headline: str, teams: str, web: Any, post: Any) -> None:
    """No backslash, a link of Markdown, since cards find no address by themselves, and lines that end."""
    (attachment,) = sent_to(teams, web, post, headline)["attachments"]
    card = attachment["content"]
    band, body = card["body"][-2:]
    (title,) = band["items"]
    assert band["style"] == "warning"
    assert title["wrap"]
    assert body["wrap"]
    assert "\\" not in title["text"] + body["text"]
    assert f"[{LINK}]({LINK})" in body["text"]
    assert re.findall(r"\]\(([^)]*)\)", title["text"] + body["text"]) == [LINK]
    assert "entities" not in card["msteams"]
    assert re.search(r"HIGH  gallium: ban\n\n\S", body["text"])


@pytest.mark.parametrize("headline", HEADLINES)
def test_google_chat_gets_links_without_backslashes(
    headline: str, web: Any, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The title is in the text, and the address is unchanged."""
    monkeypatch.setattr(NotifyGoogleChat, "notify_url", web.url + "/{workspace}")
    text = sent_to("gchat://workspace/key/tok", web, post, headline)["text"]
    assert "\\" not in text
    assert re.search(rf"^{re.escape(LINK)}\s*$", text, re.MULTILINE)
    assert text.startswith("[HIGH] gallium: ban")
    assert not re.search(r"<\w|\]\(", text)


@pytest.mark.parametrize(
    ("scheme", "field"),
    [
        pytest.param(f"rocket://{'w' * 8}/{'k' * 8}@{{host}}/#metals", "text", id="Rocket.Chat"),
        pytest.param("mmost://{host}/abcdefghijklmnopqrstuvwxyz", "text", id="Mattermost"),
    ],
)
def test_other_services_of_markdown_show_no_backslashes_either(scheme: str, field: str, web: Any, post: Any) -> None:
    """The same kind of service, the same remedy."""
    content = sent_to(scheme.format(host=web.url.removeprefix("http://")), web, post, HEADLINES[0])
    assert "\\" not in content[field]
    assert LINK in content[field]
