"""What a document may cost to read: refused is what no feed needs and what would take minutes or all memory."""

from __future__ import annotations

from xml.parsers import expat

from tocsin.errors import Fault, SourceError

#: A tag costs the reader up to 30 microseconds. 10,000 entries have about 120,000 of them.
MOST_TAGS = 400_000
#: The standard library looks at every pair of attributes of one tag.
MOST_ATTRIBUTES = 500
#: The reader keeps the whole path.
DEEPEST = 5000
#: Nothing in a document of fewer octets can take longer than some tenths of a second.
HARMLESS = 32 * 1024


def check(document: bytes) -> None:
    """Refuse *document*, in UTF-8 and from its root on, when reading it would cost too much.

    Linear, and far cheaper than reading. Where it is not well-formed, it is looked at up to there: behind that the reader
    keeps neither paths nor pairs.

    Raises:
        SourceError: NOT_A_FEED.
    """
    if len(document) < HARMLESS:
        return
    if document.count(b"<") > MOST_TAGS:
        raise _refused(f"more than {MOST_TAGS} tags")
    depth = 0

    def start(_: str, attributes: list[str]) -> None:
        nonlocal depth
        depth += 1
        if len(attributes) > 2 * MOST_ATTRIBUTES:  # names and values
            raise _refused(f"a tag with more than {MOST_ATTRIBUTES} attributes")
        if depth > DEEPEST:
            raise _refused(f"tags more than {DEEPEST} levels deep")

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate("utf-8")
    parser.ordered_attributes = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(document, True)
    except expat.ExpatError:
        return


def _refused(words: str) -> SourceError:
    return SourceError(f"refused for {words}", fault=Fault.NOT_A_FEED)
