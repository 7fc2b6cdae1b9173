"""Articles over HTTP: the text of pages and PDFs, and what is none."""

import asyncio

import pytest
from aiohttp import web

from tocsin.errors import Fault, SourceError
from tocsin.sources.articles import LinkedArticles
from tocsin.sources.documents import article, parser_process

TEXT = (
    "The ministry said on Monday that exports of gallium need a licence from 1 December, the first such step this year."
)
PAGE = f"""<!doctype html><html lang="en"><head><title>Notice</title><script>var words = "tin"</script></head><body>
<nav><a href="/a">Cobalt archive</a> <a href="/b">Subscribe</a></nav>
<main><article><h1>Notice No. 46</h1><p>{TEXT}</p>
<p>Applications are decided within 45 days. Officials in the town of Exampleton declined to say more about the measure.</p></article>
<aside><h3>Related</h3><a href="/c">Tin smelter halts exports</a></aside></main>
<footer>All rights reserved.</footer></body></html>"""
CHINESE = (
    "<html><head><meta charset='utf-8'><title>公告</title></head><body><div class='top'><a href='/'>首页</a></div>"
    f"<div class='content'><p>{'根据有关法律，决定对镓、锗相关物项实施出口管制。' * 4}</p><p>出口经营者应当申请许可。</p></div></body></html>"
)


def pdf(*lines: str) -> bytes:
    """A PDF of one page with these lines of text."""
    shown = "".join(f"({line}) Tj 0 -16 Td " for line in lines)
    stream = f"BT /F1 12 Tf 40 700 Td {shown}ET".encode("latin-1")
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 6\n0000000000 65535 f \n%strailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        table,
        len(body),
    )
    return body + head


async def in_thread(call, /, *args, **kwargs):
    """Run a blocking call in a thread."""
    return await asyncio.to_thread(call, *args, **kwargs)


def fetch(visit, answer, *, private=True, source="", headers=None):
    """The article that `/1` is answered with; *source* is the address of its source, the same server if it is empty."""

    async def scene(site, http):
        site.answers["/1"] = answer
        fetcher = LinkedArticles(
            source or f"{site.base}/feed", http=http, run=in_thread, allow_private=private, headers=headers or {}
        )
        return await fetcher.fetch(f"{site.base}/1"), site.requests

    return visit(scene)


def test_the_text_of_a_page_is_its_article_and_not_what_stands_beside_it(visit):
    """A headline beside it would alert with every article of the site."""
    found, requests = fetch(visit, web.Response(body=PAGE.encode(), content_type="text/html"))
    assert TEXT in found.text
    assert "\n\nApplications" in found.text
    assert not any(word in found.text for word in ("Cobalt", "Tin smelter", "Subscribe", "rights", "var words"))
    assert found.address.endswith("/1")
    assert requests[0].headers["Accept"].startswith("text/html")


def test_a_notice_in_chinese_and_one_in_a_pdf_are_read(visit):
    """Those who decide publish in both."""
    found, _ = fetch(visit, web.Response(body=CHINESE.encode(), content_type="text/html"))
    assert "出口管制" in found.text
    assert "首页" not in found.text
    body = pdf(
        "Notice No. 46: exports of gallium and germanium",
        "need a licence from 1 December of this year.",
        "It is in force.",
    )
    found, _ = fetch(visit, web.Response(body=body, content_type="application/pdf"))
    assert "gallium and germanium need a licence" in found.text


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        pytest.param(b"\x89PNG\r\n" * 50, "image/png", "image/png, neither a page nor a PDF", id="picture"),
        pytest.param(b"<html><body>Please log in.</body></html>", "text/html", "no article was found", id="log in"),
        pytest.param(b"%PDF-1.7\nnothing of the kind" * 9, "application/pdf", "the PDF cannot be read", id="bad PDF"),
        pytest.param(b"<p>" * 300_000, "text/html", "more than 200000 tags", id="too many tags"),
        pytest.param(
            b"<html><body>" + b"<div>" * 50_000 + b"gallium", "text/html", "no article was found|the reader", id="deep"
        ),
        pytest.param(
            b"<table><tr><td>" * 20_000 + b"gallium",
            "text/html",
            "no article was found|the reader",
            id="tables in tables",
        ),
    ],
)
def test_what_is_no_article_is_a_failure_in_words(body, kind, words):
    """Whatever the libraries do with it, they do it in a process apart, which ends."""
    with pytest.raises(SourceError, match=words) as caught:
        parser_process.article(body, kind)
    assert caught.value.fault in (Fault.NOT_A_FEED, Fault.TOO_LARGE, Fault.INTERNAL)


def test_a_very_long_article_is_cut():
    """A book is judged by its beginning."""
    page = f"<html><body><article>{'<p>' + TEXT + '</p>'}{''.join(f'<p>Paragraph {n} of a long note.</p>' for n in range(9000))}</article></body></html>"
    assert len(parser_process.article(page.encode(), "text/html")) <= article.LONGEST


def test_a_link_to_a_private_network_is_not_followed(visit):
    """What stands in a feed is the word of strangers, also in one of the operator's own on another server."""
    for private, source in ((False, ""), (True, "http://127.0.0.1:1/feed")):
        with pytest.raises(SourceError) as caught:
            fetch(visit, web.Response(body=PAGE.encode()), private=private, source=source)
        assert caught.value.fault is Fault.BLOCKED_ADDRESS


def test_secrets_go_to_the_server_of_the_source_alone(visit):
    """A link to another server must not carry them away."""
    answer = web.Response(body=PAGE.encode(), content_type="text/html")
    _, requests = fetch(visit, answer, headers={"Authorization": "Basic x", "Accept-Language": "zh"})
    assert requests[0].headers["Authorization"] == "Basic x"
    assert requests[0].headers["Accept-Language"] == "zh"
