"""Encodings that are declared wrongly, or not at all."""

import codecs

import pytest

from tocsin.sources.documents.charset import decode

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


CHINESE, TAIWANESE, JAPANESE, KOREAN = (
    "中国对镓实施出口管制",
    "宏碁對鎵實施出口管制",
    "レアアースの輸出規制",
    "희토류 수출 통제",
)


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        pytest.param("gb2312", "gb18030", f"{CHINESE}镕喆㐂", id="beyond GB 2312"),
        pytest.param("GB_2312-80", "gbk", CHINESE, id="an old name of GB 2312"),
        pytest.param("big5", "big5hkscs", f"{TAIWANESE}①ヾ", id="rows of ETEN"),
        pytest.param("Big5", "big5hkscs", "港股𧶽及嘅", id="rows of Hong Kong"),
        pytest.param("big5-hkscs", "big5hkscs", "港股𧶽及嘅", id="by its own name"),
        pytest.param("x-x-big5", "big5", "中國", id="a strange name of Big5"),
        pytest.param("shift_jis", "cp932", f"{JAPANESE}①㈱髙", id="rows of NEC and IBM"),
        pytest.param("ms_kanji", "cp932", JAPANESE, id="an old name of Shift_JIS"),
        pytest.param("euc-kr", "cp949", f"{KOREAN} 똠방각하", id="unified Hangul"),
        pytest.param("ks_c_5601-1987", "cp949", f"{KOREAN} 똠방각하", id="a standard's name"),
        pytest.param("windows-874", "cp874", "แร่หายาก", id="Thai"),
        pytest.param("tis-620", "cp874", "แร่หายาก…", id="Thai of Windows"),
        pytest.param("iso-8859-9", "cp1254", "“Türkiye” – ğ", id="Turkish of Windows"),
        pytest.param("x-cp1251", "cp1251", "Экспорт", id="a prefix"),
        pytest.param("koi8-ru", "koi8-u", "Київ", id="another name"),
    ],
)
def test_a_label_means_what_it_means_to_browsers(label, codec, text):
    """Sites write what browsers read, and not what a standard of 1980 knows."""
    assert decode(TEXT.format(label).replace("Café – 中国", text).encode(codec)) == (
        TEXT.format(label).replace("Café – 中国", text),
        "",
    )


@pytest.mark.parametrize(
    ("label", "octets", "text"),
    [
        pytest.param("big5", b"\xa4\xa4\xb0\xea\xa3\xe1", "中國€", id="the euro in Big5"),
        pytest.param("gbk", b"\xd6\xd0\xb9\xfa\x80", "中国€", id="the euro in GBK"),
        pytest.param("euc-jp", "輸出規制".encode("euc_jp") + b"\xad\xa1", "輸出規制①", id="a row of NEC in EUC-JP"),
    ],
)
def test_what_python_lacks_is_read_all_the_same(label, octets, text):
    """A price in euros is no reason to read a page as something else."""
    assert decode(octets, f"text/xml; charset={label}") == (text, "")


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("gb2312", "gbk", CHINESE),
        ("gbk", "gbk", CHINESE),
        ("big5", "big5hkscs", TAIWANESE),
        ("shift_jis", "cp932", JAPANESE),
        ("euc-jp", "euc_jp", JAPANESE),
        ("euc-kr", "euc_kr", KOREAN),
        ("utf-8", "utf-8", CHINESE),
    ],
)
@pytest.mark.parametrize("behind", ["...", "</a>", " ", "]]>", "\n"], ids=repr)
def test_half_a_character_spoils_no_other(label, codec, text, behind):
    """Sites cut descriptions by octets; a feed that is read as something else meets no rule for weeks."""
    half = text[0].encode(codec)[:1]
    found, note = decode(text.encode(codec) + half + behind.encode() + text.encode(codec), f"text/xml; charset={label}")
    assert found == f"{text}\ufffd{behind}{text}"
    assert note.startswith("1 place is not")


@pytest.mark.parametrize(
    ("label", "octet"), [("windows-1251", b"\x98"), ("windows-1253", b"\xd2"), ("cp1257", b"\xa1")]
)
def test_an_octet_without_a_meaning_spoils_no_alphabet(label, octet):
    """One of 256 has none in many alphabets."""
    good = bytes(range(0xE0, 0xF0))
    found, note = decode(good + octet, f"text/xml; charset={label}")
    assert found == good.decode(label) + "\ufffd"
    assert note.startswith("1 place is not")


def test_what_is_said_wrongly_is_not_believed_for_a_few_accents():
    """Much of windows-1252 makes no sense in Chinese; replacing all of it would hide what it says."""
    octets = "Café – déjà vu".encode("cp1252")
    assert decode(octets, "text/xml; charset=gb2312") == ("Café – déjà vu", "not UTF-8, read as windows-1252")


def test_a_broken_place_behind_a_mark_is_told():
    """The mark says what it is, not that all of it is good."""
    assert decode(codecs.BOM_UTF8 + "中".encode() + b"\xe4", "") == ("中\ufffd", "1 place is not UTF-8")
