"""The main text of an article: a web page or a PDF. Runs in a parser process.

The libraries are those of the extra `articles`. They are imported when they are needed, since they take their time and memory.
"""

from __future__ import annotations

import importlib.util
import re

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents.charset import decode
from tocsin.sources.documents.page import MOST_TAGS
from tocsin.text.html import clean

#: Characters of an article that are kept, and the fewest that are one: less is a request to log in, or to run a script.
LONGEST, SHORTEST = 100_000, 80
#: Pages of a PDF that are read.
MOST_PAGES = 100
_LIBRARIES = ("trafilatura", "pypdfium2")
_READABLE = re.compile(r"text/|application/(?:xhtml\+xml|xml|octet-stream)\Z|\Z", re.IGNORECASE)
#: A line of a PDF that goes on in the next one, with the hyphen that broke a word, if there is one.
_LINE_END = re.compile("(?:\ufffe|\x02)\\r?\\n|\ufffe|\x02")
_LINES = re.compile(r"\r?\n")


def missing() -> tuple[str, ...]:
    """Return the names of the libraries that are not installed."""
    return tuple(name for name in _LIBRARIES if importlib.util.find_spec(name) is None)


def read(body: bytes, content_type: str = "") -> str:
    """Return the main text of the page or the PDF in *body* as plain text: an empty line ends a paragraph.

    Raises:
        SourceError: NOT_A_FEED, TOO_LARGE.
    """
    if b"%PDF-" in body[:1024]:
        return _checked(_pdf(body))
    kind = content_type.partition(";")[0].strip()
    if not _READABLE.match(kind):
        shown = "".join(c for c in kind[:60] if c.isprintable())
        raise SourceError(f"it is {shown}, neither a page nor a PDF", fault=Fault.NOT_A_FEED)
    text, _ = decode(body, content_type)
    return _checked(text if kind.lower() == "text/plain" else _page(text))


def _checked(text: str) -> str:
    found = clean(text[: 4 * LONGEST])[:LONGEST].rstrip()
    if len(found) < SHORTEST:
        raise SourceError("no article was found in it", fault=Fault.NOT_A_FEED)
    return found


def _page(html: str) -> str:
    if html.count("<") > MOST_TAGS:
        raise SourceError(f"it has more than {MOST_TAGS} tags", fault=Fault.TOO_LARGE)
    import trafilatura  # noqa: PLC0415

    # What stands beside an article is about other happenings: to miss some of the text is better.
    found = trafilatura.extract(html, include_comments=False, favor_precision=True) or ""
    return found.replace("\n", "\n\n")


def _pdf(body: bytes) -> str:
    import pypdfium2  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        document = pypdfium2.PdfDocument(body)
        parts, size = [], 0
        for number in range(min(len(document), MOST_PAGES)):
            page = document[number]
            parts.append(page.get_textpage().get_text_bounded())
            page.close()
            size += len(parts[-1])
            if size > LONGEST:
                break
    except pypdfium2.PdfiumError as error:
        raise SourceError(f"the PDF cannot be read: {error}", fault=Fault.NOT_A_FEED) from error
    return "\n\n".join(_LINES.sub("\n", _LINE_END.sub("", part)) for part in parts)
