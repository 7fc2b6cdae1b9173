"""Encodings that are declared wrongly, or not at all."""

import codecs

import pytest

from tocsin.sources.charset import decode

TEXT = "<?xml version='1.0' encoding='{}'?><rss>Café – 中国</rss>"


@pytest.mark.parametrize(
    ("body", "content_type", "text", "noted"),
    [
        pytest.param("é中".encode(), "", "é中", False, id="nothing said"),
        pytest.param(codecs.BOM_UTF8 + "é中".encode(), "text/xml; charset=iso-8859-1", "é中", False, id="mark wins"),
        pytest.param(codecs.BOM_UTF16_LE + "é中".encode("utf-16-le"), "", "é中", False, id="utf-16 with mark"),
        pytest.param("<?xml?>é中".encode("utf-32-be"), "", "<?xml?>é中", False, id="utf-32 unmarked"),
        pytest.param("<?xml?>é中".encode("utf-32-le"), "", "<?xml?>é中", False, id="utf-32-le unmarked"),
        pytest.param("<?xml?>é中".encode("utf-16-be"), "text/xml; charset=utf-16", "<?xml?>é中", False, id="unmarked"),
        pytest.param("é中".encode(), "text/xml; charset=ISO-8859-1", "é中", True, id="utf-8 declared as latin"),
        pytest.param("é".encode("latin-1"), "text/xml; charset=ISO-8859-1", "é", False, id="latin"),
        pytest.param("“é”".encode("cp1252"), "text/xml; charset=latin1", "“é”", False, id="windows called latin"),
        pytest.param("中国稀土".encode("gbk"), 'text/xml; charset="gb2312"', "中国稀土", False, id="chinese"),
        pytest.param("レアアース".encode("cp932"), "text/xml; charset=x-sjis", "レアアース", False, id="japanese"),
        pytest.param("レア".encode("iso2022_jp"), "text/xml;charset=iso-2022-jp", "レア", False, id="seven bits"),
        pytest.param("é – x".encode("cp1252"), "", "é – x", True, id="windows without a word"),
        pytest.param("é中国稀土".encode() + b"\xff", "text/xml; charset=utf-8", "é中国稀土\ufffd", True, id="one byte"),
        pytest.param(b"plain", "text/xml; charset=rot13", "plain", False, id="no encoding of documents"),
        pytest.param(b"plain", "text/xml; charset=nonsense", "plain", False, id="unknown"),
        pytest.param(b"", "", "", False, id="empty"),
    ],
)
def test_text_is_read_in_the_encoding_that_fits(body, content_type, text, noted):
    """A headline in the wrong encoding meets no rule."""
    found, note = decode(body, content_type)
    assert (found, bool(note)) == (text, noted)


@pytest.mark.parametrize("name", ["utf-8", "gb18030", "iso-8859-1"])
def test_the_declaration_of_the_document_counts(name):
    """Feeds are often served without a charset."""
    text = TEXT.format(name).replace("–", "-") if name == "gb18030" else TEXT.format(name)
    body = text.encode("gb18030" if name == "gb18030" else "utf-8")
    assert decode(body, "text/xml")[0] == text
