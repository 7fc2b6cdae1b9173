"""Links to answer, as mail programs, scanners, people and strangers open them."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from tocsin.model.alerts import AnswerKind
from tocsin.web.wall.answer_links import Signer
from tocsin.web.wall.keys import derive
from tocsin.web.wall.site import ANSWER_KEY

URL = "http://ops.example.org/alarm"
WEB = f"url: {URL}\n"
HOST = {"Host": "ops.example.org"}
BAN = "China bans gallium exports"


def _links(page, number=1, *, receiver="here", secret=""):
    """The paths of the links in a message about an alert that leaves now, by answer."""
    [card] = page.store.read.cards([number])
    key = derive(secret or page.secret, ANSWER_KEY)
    made = Signer(url=URL, lasts=timedelta(days=7), key=key).links(receiver, page.clock.now())(card.alert)
    return {kind: urlsplit(link).path for kind, link in made.items()}


def _answers(page, number=1):
    """Kind and name of each answer to an alert."""
    return [(one.kind, one.by) for one in page.store.read.answers([number]).get(number, ())]


async def _ask(page, method, path, **headers):
    """Open a link as a program without our cookies does, from anywhere."""
    return await page.ask(method, path, headers={**HOST, **headers})


def test_a_link_shows_its_alert_and_the_button_that_was_asked_for_first(serve):
    """A reader on a phone sees what it is about; a scanner that opens every link changes nothing."""

    async def scene(page):
        page.bring(BAN, "China bans cobalt exports")
        links = _links(page)
        shown = await _ask(page, "GET", links[AnswerKind.NOISE])
        head = await _ask(page, "HEAD", links[AnswerKind.NOISE])
        return shown, head, _answers(page)

    shown, head, answers = serve(scene, web=WEB, log_in=False)
    assert (shown.status, head.status, head.text, answers) == (200, 200, "", [])
    assert "gallium: ban" in shown.text
    assert re.findall(r"<button.*?>(.*?)</button>", shown.text) == ["Noise", "Seen", "Snooze 4 h", "Useful"]
    assert "cobalt" not in shown.text


@pytest.mark.parametrize("log_in", [False, True], ids=["logged out", "logged in"])
def test_a_link_leads_to_no_other_page(serve, log_in):
    """Whoever was forwarded a mail gets one alert of us, and no more."""

    async def scene(page):
        page.bring(BAN, link="https://news.example/gallium")
        return await _ask(page, "GET", _links(page)[AnswerKind.ACK])

    text = serve(scene, web=WEB, log_in=log_in).text
    assert set(re.findall(r'<a [^>]*href="([^"]*)"', text)) == {"#main", "https://news.example/gallium"}
    assert "<nav" not in text
    assert 'rel="noopener noreferrer nofollow"' in text


@pytest.mark.parametrize("kind", list(AnswerKind))
def test_a_post_answers_once_in_the_name_of_the_receiver(serve, kind):
    """A second tap is harmless, and so is a form on a page of another site: the link is the right."""

    async def scene(page):
        page.bring(BAN)
        link = _links(page)[kind]
        first = await _ask(page, "POST", link, Origin="https://mail.example.com", **{"Sec-Fetch-Site": "cross-site"})
        answered = page.store.read.answered([1])[1]
        page.clock.move(minutes=5)
        second = await _ask(page, "POST", link)
        return first, second, answered, page.store.read.answered([1])[1], _answers(page), await _ask(page, "GET", link)

    first, second, answered, after, answers, shown = serve(scene, web=WEB, log_in=False)
    assert (first.status, second.status, answered == after, answers) == (200, 200, True, [(kind, "here")])
    assert 'role="status"' in first.text
    assert " by here." in first.text
    assert " by here." in shown.text
    if kind is AnswerKind.SNOOZE:
        assert answered.snoozed_until.isoformat() == "2026-03-02T16:01:00+00:00"


def test_buttons_of_the_page_are_links_that_work(serve):
    """Somebody who meant another answer taps that one."""

    async def scene(page):
        page.bring(BAN)
        shown = await _ask(page, "GET", _links(page)[AnswerKind.ACK])
        for path in re.findall(r'action="([^"]*)"', shown.text):
            assert (await _ask(page, "POST", path)).status == 200
        return _answers(page)

    answers = serve(scene, web=WEB, log_in=False)
    assert sorted(kind for kind, _ in answers) == sorted(AnswerKind)


def test_an_expired_link_says_so(serve):
    """The clock decides, to the second, and nothing is written."""

    async def scene(page):
        page.bring(BAN)
        link = _links(page)[AnswerKind.ACK]
        page.clock.move(days=7, seconds=-1)
        last = await _ask(page, "GET", link)
        page.clock.move(seconds=1)
        return last, await _ask(page, "GET", link), await _ask(page, "POST", link), _answers(page)

    last, asked, posted, answers = serve(scene, web=WEB, log_in=False)
    assert (last.status, asked.status, posted.status, answers) == (200, 410, 410, [])
    assert "This link has expired." in asked.text


def _swap(text, old, new):
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda one, other: one[:-1] + ("a" if one[-1] != "a" else "b"), id="another signature"),
        pytest.param(lambda one, other: one[:-26] + other[-26:], id="the signature of another alert"),
        pytest.param(lambda one, other: _swap(one, "/1.1.", "/1.2."), id="another alert"),
        pytest.param(lambda one, other: _swap(one, "/1.1.", "/1.01."), id="the same number written otherwise"),
        pytest.param(lambda one, other: _swap(one, "/1.1.", "/1.99."), id="no alert"),
        pytest.param(lambda one, other: _swap(one, "/1.1.", f"/1.{'9' * 18}."), id="a number without end"),
        pytest.param(lambda one, other: _swap(one, ".ack.", ".noise."), id="another answer"),
        pytest.param(lambda one, other: _swap(one, ".ack.", ".delete."), id="no answer"),
        pytest.param(lambda one, other: _swap(one, ".here.", ".boss."), id="another receiver"),
        pytest.param(lambda one, other: _swap(one, ".1773", ".9773"), id="a later end"),
        pytest.param(lambda one, other: _swap(one, "/1.1.", "/2.1."), id="another version"),
        pytest.param(lambda one, other: one[:-27], id="no signature"),
        pytest.param(lambda one, other: f"{one}{'x' * 3000}", id="endless"),
        pytest.param(lambda one, other: _swap(one, "/a/", "/a/%00"), id="a control character"),
        pytest.param(lambda one, other: "/alarm/a/..%2f..%2fetc", id="a path"),
    ],
)
def test_a_forged_link_is_no_page(serve, forge):
    """Whatever was changed, it is unknown, and the answer does not tell whether there is such an alert."""

    async def scene(page):
        page.bring(BAN, "China bans cobalt exports")
        forged = forge(_links(page)[AnswerKind.ACK], _links(page, 2)[AnswerKind.ACK])
        return (await _ask(page, "GET", forged)), (await _ask(page, "POST", forged)), _answers(page), _answers(page, 2)

    asked, posted, *answers = serve(scene, web=WEB, log_in=False)
    assert (asked.status, posted.status, answers) == (404, 404, [[], []])
    assert "This link does not work" in asked.text


def test_a_number_that_is_given_again_after_a_restore_has_other_links(serve):
    """The mail of the lost alert 1 must not answer the new alert 1."""

    async def scene(page):
        page.bring(BAN)
        [card] = page.store.read.cards([1])
        key = derive(page.secret, ANSWER_KEY)
        signer = Signer(url=URL, lasts=timedelta(days=7), key=key)
        found = []
        for change in ({"opened_at": card.alert.opened_at - timedelta(microseconds=1)}, {"rule": "metals/halt"}, {}):
            lost = {**{name: getattr(card.alert, name) for name in card.alert.__dataclass_fields__}, **change}
            link = signer.links("here", page.clock.now())(type(card.alert)(**lost))[AnswerKind.ACK]
            found.append((await _ask(page, "GET", urlsplit(link).path)).status)
        return found

    assert serve(scene, web=WEB, log_in=False) == [404, 404, 200]


def test_a_changed_secret_ends_all_links(serve):
    """Whoever fears that a mail leaked makes a new secret."""

    async def scene(page):
        page.bring(BAN)
        return [
            (await _ask(page, "GET", _links(page, secret=secret)[AnswerKind.ACK])).status for secret in ("x" * 32, "")
        ]

    assert serve(scene, web=WEB, log_in=False) == [404, 200]


def test_the_link_of_a_receiver_that_was_removed_ends(serve):
    """Somebody who left the desk no longer answers for it."""

    async def scene(page):
        page.bring(BAN)
        link = _links(page, receiver="left")[AnswerKind.ACK]
        return await _ask(page, "GET", link), await _ask(page, "POST", link), _answers(page)

    asked, posted, answers = serve(scene, web=WEB, log_in=False)
    assert (asked.status, posted.status, answers) == (410, 410, [])
    assert "not configured any more" in asked.text


def test_links_that_were_switched_off_end(serve):
    """`answer_links: off` means those that were sent, too."""

    async def scene(page):
        page.bring(BAN)
        return (await _ask(page, "POST", _links(page)[AnswerKind.ACK])).status, _answers(page)

    assert serve(scene, web=f"{WEB}answer_links: off", log_in=False) == (404, [])


def test_another_name_for_the_page_is_refused_even_with_a_good_link(serve):
    """The wall in front of names stands for links, too."""

    async def scene(page):
        page.bring(BAN)
        return (await page.ask("POST", _links(page)[AnswerKind.ACK], headers={"Host": "evil.example"})).status

    assert serve(scene, web=WEB, log_in=False) == 421


def test_a_hostile_headline_stays_text(serve):
    """The page needs no login, so it is the first that a stranger's headline would try."""
    title = "China bans gallium <script>alert(1)</script> \"'\u202e" + "x" * 9000

    async def scene(page):
        page.bring(title, link="javascript:alert(1)")
        return await _ask(page, "GET", _links(page)[AnswerKind.ACK])

    shown = serve(scene, web=WEB, log_in=False)
    assert shown.status == 200
    assert "<script>alert" not in shown.text
    assert "javascript:" not in shown.text
    assert "\u202e" not in shown.text
    assert "script-src 'self'" in shown.headers["Content-Security-Policy"]


def test_no_log_line_holds_a_link(serve, caplog, tmp_path):
    """A log is read by others than the reader of the mail."""

    async def scene(page):
        page.bring(BAN)
        link = _links(page)[AnswerKind.ACK]
        with contextlib.closing(sqlite3.connect(tmp_path / "tocsin.db")) as database:
            database.execute("ALTER TABLE answer RENAME TO lost")
        return (await _ask(page, "GET", link)).status, link

    status, link = serve(scene, web=WEB, log_in=False)
    assert status == 503
    assert ".(hidden)" in caplog.text
    assert link[-26:] not in caplog.text
