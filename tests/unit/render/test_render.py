from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest

from tocsin.model.alerts import AlertContent, Revised
from tocsin.model.deliveries import DeliveryKind, MessageKind
from tocsin.model.rules import Evidence, Severity
from tocsin.render.message import with_preface
from tocsin.render.subject import encoded

KINDS = list(MessageKind)
NOW = datetime(2026, 7, 2, 13, 0, tzinfo=UTC)


def strings(value: Any) -> list[str]:
    """Every string somewhere in *value*."""
    if isinstance(value, str):
        return [value]
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for member in members for text in strings(member)]


def blocks(message: Any) -> str:
    """All texts of a message to Slack or to a program."""
    payload = json.loads(message.payload)
    return "\n".join(strings([payload["blocks"], payload["attachments"]] if "blocks" in payload else payload))


def titled(tell: Any, title: str, alert: str) -> AlertContent:
    """AlertContent with these titles."""
    content: AlertContent = tell(title, hits=())
    return replace(content, alert=replace(content.alert, title=alert))


def test_a_message_holds_everything_in_its_order(tell: Any, show: Any) -> None:
    """A reader in a hurry finds each thing in its place."""
    content = tell(
        body="Markets were calm. The ministry bans gallium, it said.",
        hits=(("title", "bans"), ("body", "bans", "gallium")),
        related=1,
        note="Read the announcement.",
        children=(Evidence(op="severity_if high", text="tier=primary", holds=True),),
    )
    assert show(MessageKind.CONSOLE, content).text == (
        "HIGH  gallium: export ban\n"
        "China bans exports of gallium\n"
        "Example News · news.example · 2026-07-02 13:00 BST (12:00 UTC)\n"
        "https://news.example/gallium\n"
        "\n"
        "> China *bans* exports of gallium\n"
        "\n"
        "> The ministry *bans* *gallium*, it said.\n"
        "\n"
        "Why\n"
        "  Rule        minerals/ban (rules/bans.yaml:3)\n"
        "  Words       “bans”, “gallium”\n"
        "  Labels      mineral: gallium, germanium; tier: primary\n"
        "  Severity    high, because of tier=primary\n"
        "\n"
        "Note: Read the announcement.\n"
        "\n"
        "+1 related\n"
        "- Other 0\n"
        "  example · other.example · 2026-07-02 13:00 BST (12:00 UTC)\n"
        "  https://other.example/0\n"
        "\n"
        "Event time  2026-07-02 13:00 BST (12:00 UTC)\n"
        "First seen  2026-07-02 13:01 BST (12:01 UTC)\n"
        "Alert 1 · tocsin alerts ack|snooze|useful|noise 1\n"
        "\n"
        "Delivery 01JQ\n"
    )


def test_mail_and_slack_hold_what_the_text_holds(tell: Any, show: Any) -> None:
    """No reader gets less because of the kind of receiver."""
    content = tell(related=1, note="Read the announcement.")
    html = show(MessageKind.MAIL, content).html
    slack = blocks(show(MessageKind.SLACK, content))
    for part in ("rules/bans.yaml:3", "“bans”", "mineral: gallium", "Read the announcement.", "Other 0",
                 "2026-07-02 13:00 BST (12:00 UTC)", "2026-07-02 13:01 BST", "01JQ", "HIGH", "https://news.example/gallium"):  # fmt: skip
        assert part in html, part
        assert part in slack, part
    assert re.search(r"<mark[^>]*>bans</mark>", html)
    assert "\u200b*bans*\u200b" in slack
    assert "<https://news.example/gallium|China bans exports of gallium>" in slack
    assert "prefers-color-scheme: dark" in html
    assert not re.search(r"src=|url\(|<script|<link|@import", html)


@pytest.mark.parametrize(
    ("kind", "subject", "banner"),
    [
        (DeliveryKind.ALERT, "[HIGH] gallium: export ban - China bans exports of gallium", ""),
        (DeliveryKind.UPDATE, "[HIGH] Update: gallium: export ban - China bans exports of gallium", "Update: "),
        (DeliveryKind.CATCH_UP, "[HIGH] Catch-up: gallium: export ban - China bans exports of gallium", "Catch-up: "),
        (DeliveryKind.TEST, "[TEST] gallium: export ban - China bans exports of gallium", "This is a test"),
    ],
)
@pytest.mark.parametrize("shape", KINDS)
def test_every_kind_of_delivery_says_what_it_is(
    kind: DeliveryKind, subject: str, banner: str, shape: MessageKind, tell: Any, show: Any
) -> None:
    """An update or a catch-up must not be taken for news."""
    message = show(shape, tell(), delivery_kind=kind)
    assert message.subject == subject
    assert message.kind is shape
    for text in filter(None, (message.text, message.html, message.payload)):
        assert banner in text


@pytest.mark.parametrize("shape", KINDS)
@pytest.mark.parametrize(
    ("revised", "words", "subject"),
    [
        (
            Revised(at=NOW, title="China denies it"),
            "It now says: “China denies it”. It said: “China bans exports of g",
            "China denies it",
        ),
        (
            Revised(at=NOW, title="", withdrawn=True),
            "Its source has withdrawn it. It said: “China bans exports of g",
            "Withdrawn: China bans exports of gallium",
        ),
        (
            Revised(at=NOW, title="China smiles", between=("one", "two", "three")),
            "It now says: “China smiles”. It said: “China bans exports of gallium”, then: “two”, “three”",
            "China smiles",
        ),
        (
            Revised(at=NOW, title="China bans exports of gallium", summary="It does not."),
            "It now says: “It does not.” It said: “It does.”",
            "China bans exports of gallium",
        ),
    ],
    ids=["headline", "withdrawn", "several", "text"],
)
def test_a_correction_shows_both_wordings(
    shape: MessageKind, revised: Revised, words: str, subject: str, tell: Any, show: Any
) -> None:
    """A reader who acted on the first message must see what was wrong with it."""
    content = tell(summary="It does.")
    content = replace(content, lead=replace(content.lead, revised=revised))
    message = show(shape, content, delivery_kind=DeliveryKind.CORRECTION)
    assert message.subject == f"[HIGH] Correction: gallium: export ban - {subject}"
    for shown in [message.text, unescape(message.html)] if shape is MessageKind.MAIL else [message.text]:
        assert words in " ".join(shown.split())
    if shape is MessageKind.SLACK:
        assert words in blocks(message)
        assert "Correction: the source of an alert" in blocks(message)


def test_a_correction_far_down_in_a_text_shows_the_place(tell: Any, show: Any) -> None:
    """Two quotes with the same beginning, both cut before the difference, correct nothing."""
    long = "Traders met on Monday and spoke of many things. " * 12
    content = tell(summary=f"{long}The ministry bans gallium.")
    revised = Revised(at=NOW, title="China bans exports of gallium", summary=f"{long}The ministry denies it.")
    content = replace(content, lead=replace(content.lead, revised=revised))
    text = show(MessageKind.TEXT, content, delivery_kind=DeliveryKind.CORRECTION).text
    assert "The ministry denies it.” It said: “… " in text
    assert "The ministry bans gallium.”" in text


def test_a_new_wording_is_only_text_too(tell: Any, show: Any) -> None:
    """A correction is a second chance for whoever writes headlines."""
    content = tell()
    revised = Revised(at=NOW, title="<!channel> <b>now</b>\r\nBcc: x@e.com")
    content = replace(content, lead=replace(content.lead, revised=revised))
    slack = show(MessageKind.SLACK, content, delivery_kind=DeliveryKind.CORRECTION)
    assert "<!channel>" not in blocks(slack)
    mail = show(MessageKind.MAIL, content, delivery_kind=DeliveryKind.CORRECTION)
    assert "<b>now" not in mail.html
    assert "\nBcc" not in mail.text


@pytest.mark.parametrize("shape", KINDS)
def test_the_daemon_speaks_of_itself_without_a_headline(shape: MessageKind, tell: Any, show: Any) -> None:
    """The event takes the place of the headline."""
    own = replace(
        tell().alert, title="Source unhealthy: mining", detail="no answer for 6 h", rule_position="", labels={}
    )
    evidence = Evidence(op="tocsin", text="no answer for 6 h", holds=True)
    content = AlertContent(alert=own, evidence=evidence)
    message = show(shape, content, delivery_kind=DeliveryKind.OPERATOR)
    assert message.subject == "[tocsin HIGH] Source unhealthy: mining"
    for text in filter(None, (message.text, message.html, message.payload)):
        assert "Source unhealthy: mining" in text
        assert "no answer for 6 h" in text
        assert "about tocsin itself" in text
        assert "First seen" not in text


@pytest.mark.parametrize("shape", KINDS)
def test_the_highest_severity_leads_a_message_of_several(shape: MessageKind, tell: Any, show: Any) -> None:
    """The most important alert comes first, and is in the subject."""
    low = tell("A low thing bans gallium", severity=Severity.LOW)
    critical = tell("A critical thing bans gallium", severity=Severity.CRITICAL)
    message = show(shape, low, critical, low)
    assert message.subject.startswith("[CRITICAL] ")
    assert message.subject.endswith(" (+2 more)")
    for text in filter(None, (message.text, blocks(message) if message.payload else "")):
        assert text.index("A critical thing") < text.index("A low thing")
    if message.html:
        assert message.html.index("A critical thing") < message.html.index("A low thing")


@pytest.mark.parametrize("shape", KINDS)
def test_a_flood_is_one_message_that_stays_within_the_limits(shape: MessageKind, tell: Any, show: Any) -> None:
    """Every service takes it, and what was left out is counted."""
    many = [tell(f"{'long ' * 80}{n} bans gallium", related=20, note="n" * 2000, detail="d" * 3000) for n in range(60)]
    message = show(shape, *many)
    assert "and 24 more" in message.text
    assert "and 12 more" in message.text
    if shape is MessageKind.HOOK:
        assert len(json.loads(message.payload)["alerts"]) == 60
        assert len(message.payload) < 300_000
    elif message.payload:
        payload = json.loads(message.payload)
        assert len(payload["blocks"]) <= 49
        assert all(len(text) <= 3000 for text in strings(payload))
        assert "Delivery 01JQ" in strings(payload["attachments"])
    if message.html:
        assert "and 24 more" in message.html


HOSTILE = [
    "<!channel> <!everyone> <@U123> <!subteam^S1>",
    "<https://evil.example|https://bank.example>",
    "&lt;!here&gt; &amp;",
    "@everyone @here <@123> <@&1> @\u202eeveryone",
    "<script>alert(1)</script><img src=http://t.example/p.gif>",
    '"><a href="javascript:alert(1)">bank</a><!-- preface -->',
    "[bank](https://evil.example) *bold* _x_ `code`",
    "\x1b[2J\x1b]0;owned\x07\x9b31m\x00",
    "Hi\r\nBcc: victim@example.org\u2028X: y\x85Z: z\x0b",
    "{{ 7*7 }} {% raw %} ${x} %s {0}",
    "lone \ud800 surrogate",
    "e\u0301" * 2000,
    "👩‍👩‍👧‍👦" * 400,
    "x" * 1_000_000,
    "镓" * 5000,
]


@pytest.mark.parametrize("headline", HOSTILE, ids=range(len(HOSTILE)))
def test_text_of_a_feed_is_only_text_everywhere(headline: str, tell: Any, show: Any) -> None:
    """Hostile text must not act where it is shown."""
    content = tell(headline, hits=(), summary=headline[:5000], related=0)
    content = replace(content, related=(replace(content.lead, publisher=headline[:300]),))
    messages = {kind: show(kind, content) for kind in KINDS}
    for message in messages.values():
        for text in (message.subject, message.text, message.html, message.payload):
            text.encode()
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]", text)
        assert "\n" not in message.subject
        assert len(b"Subject: " + encoded(message.subject).encode()) < 900
    html = messages[MessageKind.MAIL].html
    assert not re.search(r"<script|<img|<a [^>]*href=\"(?!https://news\.example/gallium\")", html)
    assert html.count("<!-- preface -->") == 1
    slack = strings(json.loads(messages[MessageKind.SLACK].payload))
    assert not any(re.search(r"<(?!https://news\.example/gallium\|)", text) for text in slack)
    assert all(len(text) <= 3000 for text in slack)
    for text in (messages[MessageKind.TEXT].subject, messages[MessageKind.TEXT].text):
        assert not re.search(r"@everyone|@here|<[@!#]|\]\(", text)


def test_a_whole_headline_stands_in_the_body_when_the_subject_is_cut(tell: Any, show: Any) -> None:
    """A header has limits that a body has not."""
    headline = "中国宣布对镓实施出口管制" * 20
    for kind in KINDS:
        message = show(kind, tell(headline, hits=()))
        assert message.subject.endswith("…")
        assert headline in message.text
        assert headline in (message.html or headline)
        assert headline in (message.payload or headline)


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//host",
        "http://",
        "http://[::1",
        "",
        "mailto:a@b.example",
    ],
)
def test_only_web_addresses_are_links(link: str, tell: Any, show: Any) -> None:
    """A click must lead to a page or nowhere."""
    content = tell(link=link)
    assert "<a" not in show(MessageKind.MAIL, content).html
    assert "<h" not in blocks(show(MessageKind.SLACK, content))
    assert (link or "://") not in show(MessageKind.CONSOLE, content).text


def test_a_link_cannot_leave_its_place(tell: Any, show: Any) -> None:
    """Characters that end a link in Slack, HTML or a text are encoded."""
    content = tell(link=' https://news.example/a|b>c<d"e f\n&x=1 ')
    wanted = "https://news.example/a%7Cb%3Ec%3Cd%22e%20f"
    assert f"<{wanted}&amp;x=1|" in blocks(show(MessageKind.SLACK, content))
    assert f'href="{wanted}&amp;x=1"' in show(MessageKind.MAIL, content).html
    assert f"\n{wanted}&x=1\n" in show(MessageKind.CONSOLE, content).text


def test_an_overlong_link_leaves_the_headline_unlinked_in_slack(tell: Any, show: Any) -> None:
    """Half a link would be worse than none."""
    slack = blocks(show(MessageKind.SLACK, tell(link=f"https://news.example/{'x' * 2000}")))
    assert "China bans exports of gallium" in slack
    assert "https://" not in slack


def test_an_entry_without_a_title_carries_its_link_under_the_alerts(tell: Any, show: Any) -> None:
    """Some feeds have no titles; there must be something to click."""
    slack = blocks(show(MessageKind.SLACK, tell("", hits=())))
    assert "<https://news.example/gallium|gallium: export ban>" in slack


@pytest.mark.parametrize(
    ("title", "alert", "subject"),
    [
        ("gallium: export ban", "gallium: export ban", "[HIGH] gallium: export ban"),
        ("Gallium ban: now it is here", "gallium ban", "[HIGH] Gallium ban: now it is here"),
        ("x" * 500, "t", f"[HIGH] t - {'x' * 286}..."),
    ],
)
def test_a_subject_says_nothing_twice(title: str, alert: str, subject: str, tell: Any, show: Any) -> None:
    """A phone shows some forty characters of it."""
    assert show(MessageKind.TEXT, titled(tell, title, alert)).subject == subject


def test_the_same_tidings_always_give_the_same_message(tell: Any, show: Any) -> None:
    """The kept message equals one that is rendered again."""
    content = tell(related=3)
    for kind in KINDS:
        assert show(kind, content) == show(kind, content)


def test_a_message_about_nothing_is_still_a_message(show: Any) -> None:
    """An alert may have been deleted between its claim and its rendering."""
    assert show(MessageKind.MAIL).subject == "[TOCSIN] nothing new"


@pytest.mark.parametrize("kind", KINDS)
def test_a_preface_goes_first_and_changes_nothing_else(kind: MessageKind, tell: Any, show: Any) -> None:
    """A late message is the kept one with a line before it."""
    message = show(kind, tell())
    late = with_preface(message, "Late by 2 h <&>")
    assert with_preface(message, "") is message
    assert late.text == f"Late by 2 h <&>\n\n{message.text}"
    assert late.subject == message.subject
    if kind is MessageKind.MAIL:
        assert late.html.index("Late by 2 h &lt;&amp;&gt;") < late.html.index("HIGH", late.html.index("<body"))
    if kind is MessageKind.SLACK:
        before, after = json.loads(message.payload), json.loads(late.payload)
        assert after["blocks"][1:] == before["blocks"]
        assert "Late by 2 h &lt;&amp;&gt;" in strings(after["blocks"][0])


def test_why_names_a_severity_only_where_a_condition_gave_it(tell: Any, show: Any) -> None:
    """The first condition that is true decides. If its severity is not that of the alert, a later match raised the alert."""
    children = (
        Evidence(op="match", text="m", holds=True),
        Evidence(op="severity_if critical", text="tier=primary", holds=False),
        Evidence(op="severity_if low", text="$hedge", holds=True),
        Evidence(op="severity_if high", text="never", holds=True),
    )
    assert "because" not in show(MessageKind.CONSOLE, tell(children=children)).text
    low = show(MessageKind.CONSOLE, tell(children=children, severity=Severity.LOW))
    assert "Severity    low, because of $hedge" in low.text


def test_many_words_are_counted(tell: Any, show: Any) -> None:
    """A list of a hundred words proves nothing more than twelve."""
    words = [f"w{n}x" for n in range(20)]
    text = show(MessageKind.CONSOLE, tell(" ".join(words), hits=(("title", *words),))).text
    assert "“w11x” and 8 more" in text


def test_rendering_needs_no_evidence(tell: Any, show: Any) -> None:
    """The proof of an old match may have been pruned."""
    content = replace(tell(), evidence=None)
    text = show(MessageKind.CONSOLE, content).text
    assert "China bans exports of gallium" in text
    assert "Words" not in text


@pytest.mark.parametrize("shape", KINDS)
def test_a_price_is_told_with_its_number_reference_time_and_condition(shape: MessageKind, tell: Any, show: Any) -> None:
    """A price has no headline: the numbers are the message."""
    detail = "tin 112 USD/t of 2026-03-23 12:00 UTC: z(1td) = +7.6 sigma; +11.44% on 100.5 of 2026-03-22 12:00 UTC"
    condition = Evidence(op=">=", text="abs(z(1td)) >= 4", holds=True)
    told = replace(tell(hits=()), lead=None)
    evidence = Evidence(op="rule", text="p/spike", holds=True, children=(condition,))
    told = replace(told, evidence=evidence, alert=replace(told.alert, title="tin: moves", detail=detail))
    message = show(shape, told)
    assert "tin: moves" in message.subject
    shown = [message.text]
    shown += [unescape(message.html)] if message.html else []
    shown += [unescape(blocks(message))] if message.payload else []
    for text in shown:
        assert detail in text
        assert "abs(z(1td)) >= 4" in text


@pytest.mark.parametrize("shape", [MessageKind.MAIL, MessageKind.SLACK, MessageKind.TEXT])
def test_an_update_says_of_what_and_what_is_new(shape: MessageKind, tell: Any, show: Any) -> None:
    """Its reader has seen the alert before, and looks for the difference."""
    item = tell("China bans gallium for good", severity=Severity.CRITICAL)
    first = replace(item.lead, title="China may ban gallium <!channel>")
    update = replace(item, news=("new: germanium", "high became critical"), first=first)
    message = show(shape, update, delivery_kind=DeliveryKind.UPDATE)
    assert message.subject == "[CRITICAL] Update: gallium: export ban - China bans gallium for good"
    shown = json.loads(message.payload)["text"] if shape is MessageKind.SLACK else message.text
    news, known = "New: germanium · high became critical", "Update of “China may ban gallium <!channel>”"
    if shape is MessageKind.SLACK:
        known = known.replace("<", "&lt;").replace(">", "&gt;")
    if shape is MessageKind.TEXT:
        known = known.replace("<!", "‹!")
    assert (f"{news} ({known})" if shape is MessageKind.SLACK else f"{news}\n{known}\n\nCRITICAL") in shown
    assert shape is not MessageKind.MAIL or ('<p class="update"' in message.html and "&lt;!channel&gt;" in message.html)


FIRST = "[HIGH] gallium: export ban - China may ban gallium"
LOUDER = "[CRITICAL] Update: gallium: export ban - China bans gallium"
OWN = "[HIGH] Update: gallium: export ban - China bans exports of gallium"


@pytest.mark.parametrize(
    ("shape", "kind", "severity", "subject"),
    [
        (MessageKind.MAIL, DeliveryKind.UPDATE, Severity.HIGH, f"Re: {FIRST}"),
        (MessageKind.MAIL, DeliveryKind.UPDATE, Severity.CRITICAL, f"Re: {LOUDER}"),
        (MessageKind.MAIL, DeliveryKind.UPDATE, Severity.MEDIUM, OWN.replace("HIGH", "MEDIUM")),
        (MessageKind.SLACK, DeliveryKind.UPDATE, Severity.HIGH, OWN),
        (MessageKind.TEXT, DeliveryKind.UPDATE, Severity.HIGH, OWN),
        (MessageKind.MAIL, DeliveryKind.CORRECTION, Severity.HIGH, OWN.replace("Update", "Correction")),
    ],
    ids=["mail", "louder, and told so", "of another severity", "slack", "chat", "correction"],
)
def test_an_update_in_a_mail_is_called_as_the_first_one(
    shape: MessageKind, kind: DeliveryKind, severity: Severity, subject: str, tell: Any, show: Any
) -> None:
    """A conversation ends where the subject changes; but what is critical now is not called high, nor the wrong repeated."""
    known = (
        tell(severity=severity) if kind is DeliveryKind.CORRECTION else replace(tell(severity=severity), news=("x",))
    )
    earlier = (f"Re: {FIRST}", FIRST, LOUDER)
    assert show(shape, known, delivery_kind=kind, subjects=earlier).subject == subject


def test_a_new_alert_that_leads_a_message_is_called_by_its_own_name(tell: Any, show: Any) -> None:
    """An alert that is new to its reader must not hide in an old conversation."""
    known, new = replace(tell(), news=("x",)), tell("China bans all gallium trade", severity=Severity.CRITICAL)
    message = show(MessageKind.MAIL, known, new, delivery_kind=DeliveryKind.UPDATE, subjects=(FIRST, LOUDER))
    assert message.subject == "[CRITICAL] gallium: export ban - China bans all gallium trade (+1 more)"


def test_an_alert_that_its_reader_does_not_know_leads_as_an_alert(tell: Any, show: Any) -> None:
    """A new alert and an update in one message: each says what it is."""
    known = replace(tell(), news=("new: germanium",))
    new = tell("China bans all gallium trade", severity=Severity.CRITICAL)
    message = show(MessageKind.TEXT, known, new, delivery_kind=DeliveryKind.UPDATE)
    assert message.subject == "[CRITICAL] gallium: export ban - China bans all gallium trade (+1 more)"
    assert "New: germanium\nUpdate of “gallium: export ban”" in message.text


def test_a_list_of_mails_shows_what_the_subject_does_not_say(tell: Any, show: Any) -> None:
    """The first line of a mail is all that a phone shows of it."""

    def preview(*content: AlertContent) -> str:
        found = re.search(r"<div class=\"preview\"[^>]*>([^<]*)</div>", show(MessageKind.MAIL, *content).html)
        assert found
        return unescape(found[1])

    plain = tell()
    quoted = tell(summary="The ministry bans it.", hits=(("summary", "bans"),), related=3)
    assert preview(plain) == "Example News · news.example · 2026-07-02 13:00 BST (12:00 UTC)"
    assert preview(quoted) == "+3 related · The ministry bans it."
    known = replace(quoted, news=("new: germanium",))
    assert preview(known) == "New: germanium · China bans exports of gallium · +3 related"
    assert preview() == ""


def test_a_message_says_how_to_answer_each_of_its_alerts(tell: Any, show: Any) -> None:
    """A reader on a phone who answers in a shell types a short number. A test has none."""
    many = [replace(tell(), alert=replace(tell().alert, id=number)) for number in range(11, 21)]
    for shape in KINDS:
        message = show(shape, *many)
        shown = blocks(message) if shape is MessageKind.SLACK else message.html or message.text
        assert all(f"tocsin alerts ack|snooze|useful|noise {number}" in shown for number in range(11, 17))
    assert "Alert 20 ·" in message.text
    trial = replace(many[0], alert=replace(many[0].alert, id=0))
    assert "tocsin alerts" not in show(MessageKind.TEXT, trial, delivery_kind=DeliveryKind.TEST).text


def test_a_mail_is_whole_in_every_light(tell: Any, show: Any) -> None:
    """Colours come in pairs, so that a program that turns one round leaves words to read; nothing is fetched."""
    html = show(MessageKind.MAIL, tell()).html
    assert '<meta name="color-scheme" content="light dark">' in html
    pairs = re.findall(r'<(?:mark|span class="severity[^"]*") style="([^"]*)"', html)
    assert len(pairs) == 3
    for style in pairs:
        assert len(re.findall(r"(?:^|; ?)(?:background-)?color:", style)) == 2, style
    assert "max-width: 480px" in html


@pytest.mark.parametrize(
    ("position", "shown"),
    [
        ("/home/me/tocsin/etc/../rules/metals/bans.yaml:3", "metals/bans.yaml:3"),
        ("../bans.yaml:3", "bans.yaml:3"),
        ("rules/bans.yaml:3", "rules/bans.yaml:3"),
    ],
)
def test_a_message_does_not_show_where_a_server_keeps_its_files(
    show: Any, tell: Any, position: str, shown: str
) -> None:
    """Folder, file and line are enough for the author of the rule, and readers must not see more."""
    text = show(MessageKind.TEXT, tell(rule_position=position)).text
    assert f"minerals/ban ({shown})" in text
    assert ".." not in text.replace("...", "")
