"""`tocsin sources export`: the sources as OPML 2.0, which every reader of feeds understands."""

from __future__ import annotations

from html import escape

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, border, read_config
from tocsin.cli.output import dump, say


def export(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Print every feed as an outline; one whose address holds a secret is left out and named on stderr."""
    with border():
        sources = [source for source in read_config(config).sources if source.kind == "feed"]
        # What may be shown differs from what is polled exactly where there is something to hide.
        open_ones = [source for source in sources if source.address == source.url.reveal()]
        for source in sources:
            if source not in open_ones:
                say(f"{source.name} is left out: its address holds a secret, or comes from outside the file")
        if json:
            for source in open_ones:
                dump({"name": source.name, "feed": source.address, "labels": source.labels})
            return
        print('<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">')
        print("  <head><title>tocsin</title></head>\n  <body>")
        for source in open_ones:
            print(f'    <outline type="rss" text="{source.name}" xmlUrl="{escape(source.address)}"/>')
        print("  </body>\n</opml>")
