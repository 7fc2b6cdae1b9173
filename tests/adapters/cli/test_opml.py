"""The sources as OPML."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

Tocsin = Any


def test_sources_are_exported_without_secrets(tocsin: Tocsin) -> None:
    """Another program can take the sources over; an address with a password stays here, and that is said."""
    config = tocsin.folder / "config.yaml"
    lab = '\n  lab: {feed: "https://example.org/feed?a=1&b=%22<x>", labels: {tier: trade}}'
    config.write_text(config.read_text().replace("sources:", f"sources:{lab}"))
    result = tocsin("sources", "export")
    assert result.exit_code == 0
    outlines = [outline.attrib for outline in ET.fromstring(result.stdout.encode()).iter("outline")]
    assert outlines == [{"type": "rss", "text": "lab", "xmlUrl": "https://example.org/feed?a=1&b=%22<x>"}]
    assert "wire is left out: its address holds a secret" in result.stderr
    assert "s3cret" not in result.stdout + result.stderr
    assert json.loads(tocsin("sources", "export", "--json").stdout) == {
        "name": "lab",
        "feed": "https://example.org/feed?a=1&b=%22<x>",
        "labels": {"tier": ["trade"]},
    }
