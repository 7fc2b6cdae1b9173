"""Headlines in languages that a receiver does not read: translated by a server, from the poll to the message."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import time as wall
from typing import Any

import pytest

from adapters.loopback import Quiet, serving
from tocsin.config.packs import parse_pack
from tocsin.deliver import translation
from tocsin.deliver.dispatcher import Dispatcher
from tocsin.model.counters import Counted
from tocsin.model.deliveries import AttemptResult, DeliveryKind, ErrorClass, Message, MessageKind
from tocsin.model.rules import Severity
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.receiver import DigestTimes, ReceiverInfo
from tocsin.policy.notifying.route import Route
from tocsin.receivers.translation import TranslationServer
from tocsin.rules.compile import compile_packs

Line = Any
OK = AttemptResult(error_class=ErrorClass.OK)
DOWN = AttemptResult(error_class=ErrorClass.TRANSIENT, code=503, words="busy")
PACK = """\
tocsin: 1
pack: {id: p, version: 1.0.0}
lists:
  mineral: {gallium: [gallium, 镓], cobalt: [cobalt, 钴]}
rules:
  - id: ban
    title: "{mineral}: ban"
    severity: high
    news: {match: $mineral NEAR/12 (ban~ OR 禁止)}
    key: [mineral]
"""
CHINESE, ENGLISH = "中国宣布禁止镓出口", "China announces a ban on gallium exports"
KEY = "c4nary-key-of-the-server"


@dataclass
class Translations:
    """A translation server. *answer* makes the status and the body of its answer to a question."""

    url: str = ""
    answer: Callable[[dict[str, Any]], tuple[int, bytes]] = lambda _: (200, said(ENGLISH))
    questions: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def server(self) -> TranslationServer:
        """It, as a configuration describes it."""
        return TranslationServer(url=self.url, key=KEY)


def said(text: Any) -> bytes:
    """The body of an answer."""
    return json.dumps({"translatedText": text}).encode()


@pytest.fixture
def translations(monkeypatch: pytest.MonkeyPatch) -> Iterator[Translations]:
    """A server on loopback. A busy machine may take longer for its answers than a message waits."""
    monkeypatch.setattr(translation, "WITHIN", 60.0)
    found = Translations()

    class Handler(Quiet):
        def do_POST(self) -> None:  # noqa: N802  # the library's name
            """Answer a question."""
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.questions.append(question)
            found.paths.append(self.path)
            status, body = found.answer(question)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # who asked reads no more than a bounded part
                self.wfile.write(body)

    with serving(Handler) as found.url:
        yield found


class Desk:
    """A line with one receiver that reads English, behind a server of translations."""

    def __init__(
        self,
        line: Line,
        translations: Translations,
        *,
        kind: MessageKind = MessageKind.TEXT,
        outcome: AttemptResult = OK,
        digest: DigestTimes | None = None,
    ) -> None:
        self.line = line
        info = ReceiverInfo(name="desk", recipients=("",), digest=digest)
        line.policy = self.policy = Policy(routes=(Route(to=("desk",)),), receivers=(info,))
        spec, problems = parse_pack([("p.yaml", PACK)])
        assert spec, problems
        ruleset, faults = compile_packs([spec])
        assert not faults, faults
        self.receiver = line.list_receiver("desk", [outcome, OK], kind=kind)
        self.source = line.list_source("wire", [[]])
        self.pipeline = line.pipeline(self.source, ruleset=ruleset)
        asyncio.run(self.pipeline.run_due())
        self.people = (info,)
        self.sender = self.started(translations)

    def started(self, translations: Translations, *reads: str) -> Dispatcher:
        """A dispatcher that was started just now."""
        made: Dispatcher = self.line.dispatcher(
            self.policy.decide,
            self.receiver,
            people=self.people,
            translation=translations.server,
            reads={"desk": reads or ("en",)},
        )
        return made

    def news(self, *headlines: str) -> Message:
        """Poll them, send what is due, and return the last message."""
        self.source.answers.append(headlines)
        self.line.clock.move(minutes=16)
        asyncio.run(self.pipeline.run_due())
        return self.send()

    def send(self, **later: float) -> Message:
        """Send what is due so much later, and return the last message."""
        self.line.clock.move(**later)
        asyncio.run(self.sender.run_due())
        found: Message = self.receiver.sent[-1][1]
        return found


def test_a_headline_that_the_reader_cannot_read_is_shown_with_its_translation(
    line: Line, translations: Translations
) -> None:
    """The original stands above it, as its source wrote it; the rule met the original."""
    text = Desk(line, translations).news(CHINESE).text
    assert f"{CHINESE}\nTranslated from Chinese: {ENGLISH}\n" in text
    question = {"q": CHINESE, "source": "zh", "target": "en", "format": "text", "api_key": KEY}
    assert (translations.questions, translations.paths) == ([question], ["/translate"])


@pytest.mark.parametrize("reads", [("zh", "en"), ("zh-Hant",)])
def test_nothing_is_asked_about_a_language_that_the_reader_reads(
    line: Line, translations: Translations, reads: tuple[str, ...]
) -> None:
    """Any of them will do."""
    desk = Desk(line, translations)
    desk.sender = desk.started(translations, *reads)
    assert "Translated" not in desk.news(CHINESE).text
    assert translations.questions == []


def test_a_headline_of_an_unknown_language_is_left_alone(line: Line, translations: Translations) -> None:
    """Most of those in Latin script are English."""
    assert "Translated" not in Desk(line, translations).news("Beijing bans gallium").text
    assert translations.questions == []


@pytest.mark.parametrize("kind", [MessageKind.MAIL, MessageKind.SLACK, MessageKind.HOOK, MessageKind.CONSOLE])
def test_every_form_of_message_shows_original_and_translation(
    line: Line, translations: Translations, kind: MessageKind
) -> None:
    """A program gets the two in fields of their own."""
    message = Desk(line, translations, kind=kind).news(CHINESE)
    for part in filter(None, (message.text, message.html, message.payload)):
        assert CHINESE in part or kind is MessageKind.MAIL  # a mail marks the words that met the rule
        assert f"Translated from Chinese: {ENGLISH}" in part
    if kind is MessageKind.HOOK:
        alert = json.loads(message.payload)["alerts"][0]
        assert (alert["headline"], alert["language"], alert["translated"]) == (CHINESE, "zh", ENGLISH)


def test_a_digest_shows_translations_too(line: Line, translations: Translations) -> None:
    """Headlines of one digest are asked for one by one, since not every server takes several."""
    translations.answer = lambda question: (200, said(f"English {question['q'][-4:]}"))
    desk = Desk(line, translations, digest=DigestTimes(at=(wall(18),), below=Severity.CRITICAL))
    desk.source.answers.append([CHINESE, "刚果禁止钴出口"])
    line.clock.move(minutes=16)
    asyncio.run(desk.pipeline.run_due())
    asyncio.run(desk.sender.run_due())
    assert translations.questions == []
    text = desk.send(hours=8).text
    assert DeliveryKind.DIGEST.value in text.lower()
    assert text.count("Translated from Chinese: English") == 2


def test_a_headline_is_asked_for_once_whoever_is_sent_it(line: Line, translations: Translations) -> None:
    """The second receiver, and the update after the alert, have it already."""
    desk = Desk(line, translations)
    other = line.list_receiver("other", [OK])
    people = (*desk.people, ReceiverInfo(name="other", recipients=("",)))
    policy = Policy(routes=(Route(to=("desk", "other")),), receivers=people)
    desk.pipeline.inbound = replace(desk.pipeline.inbound, policy=policy)
    desk.sender.outbound = replace(
        desk.sender.outbound,
        receivers={"desk": desk.receiver, "other": other},
        reads={"desk": ("en",), "other": ("en", "de")},
        people=people,
    )
    desk.news(CHINESE)
    assert all(ENGLISH in one.sent[-1][1].text for one in (desk.receiver, other))
    assert len(translations.questions) == 1


def test_a_retry_after_a_restart_sends_the_same_bytes_and_asks_nothing(line: Line, translations: Translations) -> None:
    """The translation is part of the message that was kept at its first attempt."""
    desk = Desk(line, translations, outcome=DOWN)
    first = desk.news(CHINESE)
    translations.answer = lambda _: (200, said("something else"))
    desk.sender = desk.started(translations)
    assert desk.send(minutes=10) == first
    assert len(desk.receiver.sent) == 2
    assert len(translations.questions) == 1


def test_a_reload_that_removes_it_ends_it_for_new_messages(line: Line, translations: Translations) -> None:
    """What is to be retried stays as it was sent."""
    desk = Desk(line, translations)
    desk.news(CHINESE)
    desk.sender.outbound = replace(desk.sender.outbound, translation=None)
    assert "Translated" not in desk.news("刚果禁止钴出口").text
    assert len(translations.questions) == 1


@pytest.mark.parametrize("kind", [MessageKind.MAIL, MessageKind.SLACK, MessageKind.TEXT])
def test_a_hostile_translation_is_plain_text_of_bounded_length(
    line: Line, translations: Translations, kind: MessageKind
) -> None:
    """Whoever feeds a headline to a server may know what it makes of it."""
    hostile = "<script>x</script> <!channel> @everyone\r\nBcc: a@b\x1b[2J\u202e [a](http://evil.example) " + "A" * 9000
    translations.answer = lambda _: (200, said(hostile))
    message = Desk(line, translations, kind=kind).news(CHINESE)
    shown = message.html or message.payload or message.text
    assert "Translated from Chinese: " in shown
    assert "A" * 1001 not in shown
    bad = ["\x1b", "\u202e", "\r", "<script", "<!channel"]
    bad += ["@everyone", "](http"] if kind is MessageKind.TEXT else []
    assert [one for one in bad if one in shown] == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((500, b"{}"), "500"),
        ((403, json.dumps({"error": f"Invalid API key {KEY}"}).encode()), "403"),
        ((429, b"slow down"), "429"),
        ((302, b""), "redirect"),
        ((200, b"<html>a page</html>"), "answers without a translation"),
        ((200, b"[" * 50_000), "answers without a translation"),
        ((200, said(7)), "answers without a translation"),
        ((200, said("x" * 90_000)), "answers without a translation"),
        ((200, said(" \u200b\n")), "answers without a translation"),
    ],
)
def test_a_message_goes_without_when_the_server_fails(
    line: Line, translations: Translations, caplog: pytest.LogCaptureFixture, answer: tuple[int, bytes], words: str
) -> None:
    """It is logged once and counted; messages after it do not ask, and nothing shows the key."""
    translations.answer = lambda _: answer
    desk = Desk(line, translations)
    assert CHINESE in desk.news(CHINESE).text
    assert CHINESE not in desk.news("刚果禁止钴出口").text
    assert len(translations.questions) == 1
    failures = [record.getMessage() for record in caplog.records if "translation failed" in record.getMessage()]
    assert len(failures) == 1
    assert words in failures[0]
    assert KEY not in caplog.text
    assert counted(desk) == {"failed": 1}


def counted(desk: Desk) -> dict[str, int]:
    """What was counted of translations, by outcome."""
    return desk.sender._runtime.counters.totals(Counted.TRANSLATIONS, "outcome")


def test_a_refused_language_does_not_stop_the_others(
    line: Line, translations: Translations, caplog: pytest.LogCaptureFixture
) -> None:
    """Each server has its own languages. The same headline is not asked for again."""
    refusal = json.dumps({"error": "zh is not supported"}).encode()
    translations.answer = lambda question: (400, refusal) if question["source"] == "zh" else (200, said(ENGLISH))
    desk = Desk(line, translations)
    assert "Translated" not in desk.news(CHINESE).text
    assert f"Translated from Korean: {ENGLISH}" in desk.news("콩고 cobalt ban 수출 금지 발표").text
    assert counted(desk) == {"refused": 1, "translated": 1}
    assert "zh is not supported" in caplog.text


def test_a_server_that_hangs_delays_a_message_by_seconds_only(
    line: Line, translations: Translations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alert is worth more than its translation."""
    monkeypatch.setattr(translation, "WITHIN", 0.4)
    sent = threading.Event()

    def late(_: dict[str, Any]) -> tuple[int, bytes]:
        sent.wait(60)
        return 200, said(ENGLISH)

    translations.answer = late
    try:
        text = Desk(line, translations).news(CHINESE).text
    finally:
        sent.set()
    assert CHINESE in text
    assert "Translated" not in text


def test_a_server_that_rests_is_asked_again_and_says_that_it_works(
    line: Line, translations: Translations, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After a minute; here at once."""
    monkeypatch.setattr(translation, "REST", 0.0)
    caplog.set_level("INFO")
    translations.answer = lambda _: (503, b"")
    desk = Desk(line, translations)
    desk.news(CHINESE)
    translations.answer = lambda _: (200, said("Congo bans cobalt"))
    assert "Translated from Chinese: Congo bans cobalt" in desk.news("刚果禁止钴出口").text
    assert "translation works again" in caplog.text
