"""Repairs of a feed before it is parsed."""

import pytest

from tocsin.sources.feeds.repair import ends_inside_entry, is_cut_off, repair


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("<a>B & C</a>", "<a>B &amp; C</a>"),
        ("<a>?x=1&y=2</a>", "<a>?x=1&amp;y=2</a>"),
        ("<a>&amp;&lt;&#38;&#x26;</a>", "<a>&amp;&lt;&#38;&#x26;</a>"),
        ("<a>x&nbsp;y&hellip;</a>", "<a>x&#160;y&#8230;</a>"),
        ("<a>&unheard;</a>", "<a>&amp;unheard;</a>"),
        ("<a>&#0;&#x1F;&#xD800;&#99999999;&#10;</a>", "<a>&#10;</a>"),
        ("<a>x\x00\x0b\ud800y</a>", "<a>xy</a>"),
        ("<a><![CDATA[B & &nbsp;]]> & </a>", "<a><![CDATA[B & &nbsp;]]> &amp; </a>"),
        ("<a><![CDATA[B & C", "<a><![CDATA[B & C"),
        ("\n \ufeff<?xml version='1.0' encoding='x'?>\n<a/>", "<a/>"),
        ("Warning: deprecated\n<a/>", "<a/>"),
        ("no markup", ""),
        ("<a>&lang;&amp;&eacute;</a>", "<a>&#9001;&amp;&#233;</a>"),
        ("<rss></rss\r\n", "<rss></rss>"),
        (
            '<!DOCTYPE a [<!ENTITY id "tag:x">]><a>&id;&other;</a>',
            "<a>tag:x&amp;other;</a>",
        ),
        ('<!DOCTYPE a [<!ENTITY b "&c;">]><a>&b;</a>', "<a>&amp;b;</a>"),
        ("<!DOCTYPE a [<!ENTITY b '\"c>'>]><a>&b;</a>", "<a>&#34;c&#62;</a>"),
        ('<!DOCTYPE a [<!ENTITY b "&#169;"><!-- ]> -->\n]><!-- <b> --><?x <c>?><a>&b;</a>', "<a>&#169;</a>"),
        ('<!DOCTYPE a PUBLIC "-//x">\n<!DOCTYPE a>\n<a/>', "<a/>"),
        ("<!-- never closed\n<a/>", ""),
        ("<日本>\n< \n<1>\n<a/>", "<a/>"),
    ],
)
def test_a_nearly_good_document_is_made_good(text, repaired):
    """One bare ampersand breaks a feed, and most broken feeds are broken by just that."""
    assert repair(text) == repaired


def test_a_short_name_does_not_stand_for_a_long_text_a_million_times():
    """Ten megabytes of a feed must not become gigabytes."""
    head = f'<!DOCTYPE a [<!ENTITY b "{"x" * 900}">]><a>'
    assert repair(head + "&b;" * 1000) == "<a>" + "x" * 900_000
    assert repair(head + "&b;" * 2000) == "<a>" + "&amp;b;" * 2000


@pytest.mark.parametrize(
    ("text", "cut", "inside"),
    [
        ("<rss><item></item></rss>", False, False),
        ("<rss><item></item></RSS >\n<!-- cached -->", False, False),
        ("<atom:feed><atom:entry/></atom:feed>", False, False),
        ("<rss><item></item><item><title>x", True, True),
        ("<feed><entry></entry>", True, False),
    ],
)
def test_a_document_that_breaks_off_is_recognised(text, cut, inside):
    """Half an entry would be judged by half its text, and never again."""
    assert (is_cut_off(text), ends_inside_entry(text)) == (cut, inside)
