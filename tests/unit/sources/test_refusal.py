"""The meaning of bad answers."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tocsin import __version__
from tocsin.errors import Fault
from tocsin.sources.http.contact import user_agent
from tocsin.sources.http.refusal import challenged, refusal, retry_after

DATE = "Mon, 02 Mar 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("status", "headers", "fault", "wait", "words"),
    [
        (404, {}, Fault.STATUS, None, "e.com answered 404 Not Found"),
        (500, {"retry-after": "60"}, Fault.STATUS, 60, "e.com answered 500 Internal Server Error"),
        (503, {}, Fault.RATE_LIMITED, None, "e.com answered 503 Service Unavailable"),
        (503, {"retry-after": "60"}, Fault.RATE_LIMITED, 60, "e.com answered 503 Service Unavailable"),
        (429, {}, Fault.RATE_LIMITED, None, "e.com answered 429 Too Many Requests"),
        (401, {}, Fault.AUTH, None, "e.com answered 401 Unauthorized: it requires credentials"),
        (403, {}, Fault.AUTH, None, "e.com answered 403 Forbidden"),
        (
            403,
            {"cf-mitigated": "challenge"},
            Fault.CHALLENGE,
            None,
            "e.com answered 403 Forbidden: Cloudflare requires a browser",
        ),
        (410, {}, Fault.GONE, None, "e.com answered 410 Gone"),
        (206, {"retry-after": "60"}, Fault.STATUS, None, "e.com answered 206 Partial Content"),
        (799, {}, Fault.STATUS, None, "e.com answered 799"),
    ],
)
def test_a_status_says_what_went_wrong(status, headers, fault, wait, words):
    """Back-off and the operator's message depend on the kind of failure."""
    error = refusal("e.com", status, headers)
    assert (error.fault, error.status, str(error)) == (fault, status, words)
    assert error.retry_after == (None if wait is None else timedelta(seconds=wait))


HTML = {"content-type": "text/html"}
SEC = b"<html><title>SEC.gov | Your Request Originates from an Undeclared Automated Tool</title>"
RATE = b"<html><title>SEC.gov | Request Rate Threshold Exceeded</title>"


@pytest.mark.parametrize(
    ("status", "headers", "said", "given", "fault", "words", "remedy"),
    [
        (403, HTML, SEC, {}, Fault.AUTH, "requires a contact address", "http: {contact: you@example.org}"),
        (
            403,
            HTML,
            SEC,
            {"contact": "me"},
            Fault.AUTH,
            "requires a contact address",
            "does not accept 'me' of http.contact",
        ),
        (403, HTML, RATE, {}, Fault.RATE_LIMITED, "limits our rate", "every: 1h"),
        (401, {}, b"", {}, Fault.AUTH, "it requires credentials", "credentials: ${"),
        (401, {"www-authenticate": "Bearer realm=x"}, b"", {}, Fault.AUTH, "it requires credentials", "Bearer ${"),
        (401, {}, b"", {"credentials": True}, Fault.AUTH, "does not accept the credentials", "that they are right"),
        (403, {}, b"", {"credentials": True}, Fault.AUTH, "does not accept the credentials", "may read this address"),
        (403, {}, b"", {}, Fault.AUTH, "403 Forbidden", "refuses programs or this network"),
        (
            202,
            {"x-amzn-waf-action": "challenge"},
            b"",
            {},
            Fault.CHALLENGE,
            "AWS WAF requires a browser",
            "another feed",
        ),
        (405, {"x-amzn-waf-action": "captcha"}, b"", {}, Fault.CHALLENGE, "AWS WAF requires a browser", "another feed"),
        (503, HTML, b"<title>Just a moment...</title>", {}, Fault.CHALLENGE, "Cloudflare requires", "another feed"),
        (403, HTML, b"<title>Attention Required! | Cloudflare</title>", {}, Fault.CHALLENGE, "Cloudflare", "browsers"),
        (403, HTML, b"<script src=//geo.captcha-delivery.com/c.js>", {}, Fault.CHALLENGE, "DataDome", "browsers"),
        (403, HTML, b"Reference #18 https://errors.edgesuite.net/18", {}, Fault.CHALLENGE, "Akamai", "browsers"),
        (403, HTML, b"<title>Are you a robot?</title>", {}, Fault.CHALLENGE, "a firewall requires", "browsers"),
        (202, {}, b"", {}, Fault.STATUS, "202 Accepted", "wait"),
        (503, {}, b"down for repair", {}, Fault.RATE_LIMITED, "503 Service Unavailable", ""),
        (500, {}, b"", {}, Fault.STATUS, "500 Internal", "its server has a problem"),
        (404, HTML, b"<title>Just a moment...</title>", {}, Fault.STATUS, "404", "may have moved"),
        (451, {}, b"", {}, Fault.STATUS, "451", "this country"),
    ],
)
def test_what_to_do_is_said_by_what_was_answered(status, headers, said, given, fault, words, remedy):
    """One status has many causes, and each another remedy."""
    error = refusal("e.com", status, headers, said=said, **given)
    assert (error.fault, error.status) == (fault, status)
    assert words in str(error)
    assert remedy in error.remedy


@pytest.mark.parametrize(
    ("headers", "body", "firewall"),
    [
        (HTML, b"<html><title>Just a moment...</title>", "Cloudflare"),
        (HTML, b"<title>Making sure you&#39;re not a bot!</title>", "Anubis"),
        (HTML, b"<iframe src='/_Incapsula_Resource?x'>", "Imperva"),
        ({"x-amzn-waf-action": "challenge"}, b"<html>", "AWS WAF"),
        (HTML, b"<html><script src='/_Incapsula_Resource?x'></script>" + b"<p>news</p>" * 300, ""),
        ({"x-datadome": "protected", **HTML}, b"<html><p>news</p>", ""),
        ({}, b"<rss><item><title>Are you a robot?</title></item></rss>", ""),
    ],
)
def test_a_page_in_place_of_the_document_is_named(headers, body, firewall):
    """A challenge with a good status is no feed of another form; a page with the firewall's script in it is good."""
    error = challenged("e.com", headers, body)
    assert (error is not None) == bool(firewall)
    assert not error or (error.fault, firewall in str(error)) == (Fault.CHALLENGE, True)


@pytest.mark.parametrize(
    ("host", "contact", "agent"),
    [
        ("www.sec.gov", "me@example.org", f"tocsin/{__version__} me@example.org"),
        ("sec.gov", "", f"tocsin/{__version__}"),
        ("notsec.gov", "me@example.org", f"tocsin/{__version__} (+me@example.org)"),
    ],
)
def test_a_server_is_told_who_asks_in_its_own_form(host, contact, agent):
    """Some refuse the form that all others know."""
    assert user_agent(host, contact) == agent


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": " 120 "}, timedelta(seconds=120)),
        ({"retry-after": "Mon, 02 Mar 2026 12:05:00 GMT", "date": DATE}, timedelta(minutes=5)),
        ({"retry-after": "Mon, 02 Mar 2026 11:00:00 GMT", "date": DATE}, timedelta()),
        ({"retry-after": "Mon, 02 Mar 2026 12:05:00 -0000", "date": DATE}, timedelta(minutes=5)),
        ({"retry-after": "later"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 -0500"}, None),
        ({"retry-after": "Mon, 02 Mar 2026 12:05:00 +9900"}, None),
        ({"retry-after": "Mon, 02 Mar 2026 12:05:00 GMT", "date": "Fri, 31 Dec 9999 23:59:59 -0500"}, ...),
        ({"retry-after": "9" * 40}, timedelta(seconds=999_999_999)),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers, wait):
    """A server that asks for an hour gets an hour, even when its clock is wrong."""
    found = retry_after(headers)
    assert found is not None if wait is ... else found == wait


def test_a_date_without_a_date_header_counts_from_now():
    """Not every server says what time it thinks it is."""
    until = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    wait = retry_after({"retry-after": until})
    assert wait is not None
    assert timedelta(minutes=59) < wait <= timedelta(hours=1)
