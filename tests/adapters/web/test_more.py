"""What else there is: health, receivers, packs, tokens, the configuration, and the next digest."""

import re
from dataclasses import replace
from datetime import time, timedelta

import pytest

from adapters.web.conftest import HOSTILE
from tocsin.model.rules import Severity
from tocsin.policy.notifying.receiver import DigestTimes, ReceiverInfo
from tocsin.policy.notifying.retry import ReceiverStatus
from tocsin.store.outbox import receivers

CONFIG = """\
timezone: Europe/London
database: sqlite:///tocsin.db
rules: [./rules]
sources:
  wire: {feed: "https://me:s3cret@example.org/feed", headers: {X-Key: s3cret}}
receivers:
  here: {console: true, operator: true}
  mail:
    url: "mailtos://user:s3cret@smtp.example.org?from=a@example.org&to=desk@example.org"
    digest: {at: "07:00", below: critical}
  full:
    url: "mailtos://user:s3cret@smtp.example.org?from=a@example.org&to=all@example.org"
    digest: {at: "07:00", empty: true}
  chat: {url: ""}
"""
TOKENS = (
    'tokens: {grafana: {secret: "s3cret-s3cret-s3cret-s3cret"}, bot: {secret: "s3cret-s3cret-s3cret-bot!", may: act}}'
)
MAIL = ReceiverInfo(
    name="mail",
    recipients=("desk@example.org",),
    digest=DigestTimes(at=(time(7),), below=Severity.CRITICAL),
)


def test_more_shows_what_is_in_force_and_no_secret(serve):
    """Sections with their place in the file, tokens by name and right, receivers that are off."""
    text = serve(lambda page: page.get("/more"), web=TOKENS, config=CONFIG).text
    assert "s3cret" not in text
    assert "smtp.example.org" not in text
    assert "desk@example.org" not in text
    for words in ("<b>grafana</b> may read", "<b>bot</b> may act", "1.2.3", "its url is empty", "Next digest"):
        assert words in text
    assert "config.yaml:4<" in text
    assert "by default" in text
    assert ">runs<" in text


def test_a_blocked_receiver_says_what_ends_it(serve):
    """The reason is here, and not only in the log."""

    async def scene(page):
        with page.store.database.write() as session:
            rests = page.clock.now() + timedelta(hours=1)
            receivers.put(session, "mail", ReceiverStatus(failures=3, rests=rests, refused="535 <b>no</b>"))
        return await page.get("/more")

    text = serve(scene, config=CONFIG).text
    assert "mail is blocked until 2026-03-02 13:00: 535 &lt;b&gt;no&lt;/b&gt;" in text
    assert "then: tocsin notify-test mail" in text


def test_a_refused_configuration_is_shown_with_its_faults(serve):
    """Everybody sees that something else is in force than the file says."""

    async def scene(page):
        page.health = replace(page.health, refused=page.clock.now(), words="config.yaml:3:1: unknown key 'sauces'")
        return await page.get("/more")

    text = serve(scene).text
    assert "the changed configuration was refused" in text
    assert "unknown key &#39;sauces&#39;" in text


@pytest.mark.parametrize(
    ("receiver", "words"),
    [
        pytest.param("mail", "the next one leaves 2026-03-03 07:00, if something comes by then", id="silent"),
        pytest.param("full", "the next one leaves 2026-03-03 07:00, also without news", id="without news"),
        pytest.param("here", "it has no digest, so everything is sent at once", id="none"),
    ],
)
def test_a_digest_that_would_not_come_says_why(serve, receiver, words):
    """Silence is explained before it is noticed."""
    text = serve(lambda page: page.get(f"/digest/{receiver}"), config=CONFIG).text
    assert "Nothing waits for it." in text
    assert words in text


def test_the_next_digest_is_shown_as_it_would_leave(serve):
    """It is shut into a frame, as any message; looking changes nothing, and its links answer nothing."""

    async def scene(page):
        page.bring(HOSTILE, receivers=(MAIL,), link="javascript:alert(1)")
        before = page.store.read.deliveries()
        shown = [await page.get(path) for path in ("/digest/mail", "/digest/mail/1/message")]
        others = [(await page.get(f"/digest/{path}")).status for path in ("mail/2/message", "mail/x/message", "chat")]
        return *shown, others, before == page.store.read.deliveries()

    shown, message, others, unchanged = serve(scene, config=CONFIG, web="url: https://ops.example.org")
    assert "leaves <time" in shown.text.replace("\n", "")
    assert '<iframe class="message" sandbox src="/digest/mail/1/message"' in shown.text
    assert "frame-src 'self'" in shown.headers["Content-Security-Policy"]
    assert message.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in message.text
    assert "<script>alert" not in message.text
    assert 'href="javascript' not in message.text
    assert re.search(r"https://ops\.example\.org/a/1\.1\.ack\.mail\.\d+\.\(hidden\)", message.text)
    assert others == [404, 404, 404]
    assert unchanged
