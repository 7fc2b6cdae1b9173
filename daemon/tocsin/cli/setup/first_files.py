"""The files of a new installation: configuration, secrets, a rule of one's own and its test."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tocsin.config.show import Kind, schema
from tocsin.config.yaml.edit import NewSource
from tocsin.errors import TocsinError, UsageError

#: Feeds to begin with, by pack: name, tier, address. The configuration of the checkout has many more.
_FEEDS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "critical-minerals": (
        ("white-house", "primary", "https://www.whitehouse.gov/presidential-actions/feed/"),
        ("mining-com", "trade", "https://www.mining.com/feed/"),
        ("globenewswire-ree", "wire", "https://www.globenewswire.com/RssFeed/keyword/rare+earth"),
        (
            "gn-export",
            "aggregator",
            (
                "https://news.google.com/rss/search?q=(%22rare+earth%22+OR+gallium+OR+germanium+OR+antimony+OR+tungsten)"
                "+(%22export+control%22+OR+%22export+ban%22+OR+quota)+when:1d&hl=en-US&gl=US&ceid=US:en"
            ),
        ),
    ),
    "energy": (("eia", "primary", "https://www.eia.gov/rss/todayinenergy.xml"),),
    "trade": (
        ("ustr", "primary", "https://ustr.gov/rss.xml"),
        ("eu-commission", "primary", "https://ec.europa.eu/commission/presscorner/api/rss?language=en"),
    ),
}
_CONFIG = """\
# yaml-language-server: $schema=schemas/config.schema.json
# What tocsin reads, whom it notifies and when. A running tocsin reads a changed file again within seconds, and
# goes on as before if there is a fault in it; `tocsin check` finds faults first.
timezone: {zone}
{database}
# Shipped packs by name (see: tocsin packs list), and folders of your own, which hold a slash.
rules: [{packs}]

# Servers may ask who reads them: write a mail address here, and yours is less likely to be refused.
http: {{contact: ""}}

# Feeds. `tocsin sources add URL` writes one more, and finds the feed of a page.
sources:
{sources}

# Prices need instruments, such as this one:
# instruments:
#   copper: {{class: metal, currency: USD, sources: ["yahoo:HG=F"], labels: {{mineral: copper}}}}

# Whom to notify. An operator is notified of tocsin's own health, too. `tocsin notify-test` tries them all.
receivers:
{receivers}

# The page, on this machine alone: `tocsin web link` prints an address that logs a browser in, once. Each tocsin on one
# machine needs a port of its own.
web: {{listen: 127.0.0.1:8787}}

# Every route that fits adds its receivers. A route may ask for more: {{severity: ">= high", to: [...]}}
routes:
{routes}
"""
_RULES = """\
# yaml-language-server: $schema=../schemas/rules.schema.json
# Rules of your own. This one is an example: put the firms that you depend on in its list, or remove it.
# `tocsin check` tries the headlines under fires and quiet, `tocsin test` runs the file in tests/.
tocsin: 1
pack: {id: mine, version: 0.1.0}
lists:
  supplier:                         # a label for each member, and the words by which headlines name it
    northfield: [Northfield Alloys]
    harbour-works: [Harbour Works, Harbour Smelting]
rules:
  - id: supplier-stops
    title: "{supplier} stops work"
    severity: high
    note: A supplier that stops work may deliver late.
    news:
      match: |
        $supplier NEAR/10 (halt~ OR suspend~ OR strike~ OR shut~)
    key: [supplier]                 # one alert for each supplier, and its later reports fold into it
    fires:
      - Northfield Alloys halts production after a fire
      - Workers strike at Harbour Works
    quiet:
      - Northfield Alloys opens a second plant
      - Strike at the railway ends
"""
_TEST = """\
# yaml-language-server: $schema=../../schemas/tests.schema.json
# What the rule does over time: `tocsin test` plays this news and compares the alerts.
tocsin_test: 1
start: 2026-03-02T08:00:00Z
tests:
  - name: two outlets with one story are one alert
    news:
      - {at: 0m, source: wire, title: Northfield Alloys halts production after a fire}
      - {at: 20m, source: daily, title: Northfield Alloys halts production after a fire at its plant}
    expect:
      - {rule: supplier-stops, at: 0m, labels: {supplier: northfield}}
"""
_IGNORED = """\
secrets/
*.db
*.db-*
"""
_SECRETS = Path("secrets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers to the questions. *kind* is console, mail, slack or other; *url* the address of the receiver.

    *quiet* are the two times of the quiet hours and *digest* is the time of the digest, if they are wanted. *only* are
    labels, such as mineral=gallium, without which an alert of a shipped pack is not sent. *database* is named in the
    file unless it is empty.
    """

    kind: str
    url: str
    zone: str
    quiet: tuple[str, str] | None
    digest: str
    packs: tuple[str, ...]
    only: tuple[tuple[str, str], ...]
    feeds: tuple[NewSource, ...]
    database: str = ""


def suggested(packs: Sequence[str]) -> tuple[NewSource, ...]:
    """Return feeds to begin with for *packs*."""
    return tuple(
        NewSource(name=name, kind="feed", address=url, more={"labels": {"tier": tier}})
        for pack in packs
        for name, tier, url in _FEEDS.get(pack, ())
    )


def files(folder: Path, answers: Answers) -> dict[Path, str]:
    """Return the content of every file below *folder*."""
    found = {
        folder / "config.yaml": _config(answers),
        folder / "rules" / "mine.yaml": _RULES,
        folder / "rules" / "tests" / "mine.yaml": _TEST,
        folder / ".gitignore": _IGNORED,
    }
    if answers.url:
        found[folder / _SECRETS / answers.kind] = f"{answers.url}\n"
    for kind in Kind:
        found[folder / "schemas" / f"{kind}.schema.json"] = (
            json.dumps(schema(kind), indent=1, ensure_ascii=False) + "\n"
        )
    return found


def _config(answers: Answers) -> str:
    database = f"database: {answers.database}" if answers.database else "# database: sqlite:///var/tocsin.db"
    return _CONFIG.format(
        zone=answers.zone,
        database=f"{database}   # the default is in the folder that this machine keeps for state",
        packs=", ".join((*answers.packs, "./rules")),
        sources="\n".join(f"  {source.line}" for source in answers.feeds),
        receivers="\n".join(f"  {line}" for line in _receivers(answers)),
        routes="\n".join(f"  - {line}" for line in _routes(answers)),
    )


def _receivers(answers: Answers) -> Iterator[str]:
    if not answers.url:
        yield "here: {console: true, operator: true}     # prints alerts where tocsin runs"
        return
    path = json.dumps("${file:%s}" % (_SECRETS / answers.kind))
    yield "here: {console: true}                     # prints alerts where tocsin runs"
    yield f"{answers.kind}:"
    yield f"  url: {path}   # the address is a secret, so it has a file of its own"
    yield "  operator: true"
    if answers.quiet:
        start, end = answers.quiet
        yield f'  quiet_hours: {{from: "{start}", to: "{end}", except: critical}}   # the others are sent at the end'
    if answers.digest:
        yield f'  digest: {{at: "{answers.digest}"}}                 # for alerts below high; the others are sent at once'


def _routes(answers: Answers) -> Iterator[str]:
    yield "{to: [here]}"
    if not answers.url:
        return
    if not answers.only:
        yield f"{{to: [{answers.kind}]}}"
        return
    for name, value in answers.only:
        yield f"{{labels: {{{name}: {value}}}, to: [{answers.kind}]}}"
    yield f"{{rule: mine, to: [{answers.kind}]}}"


def write(content: Mapping[Path, str]) -> list[Path]:
    """Write *content* and return the files that were written. A `.gitignore` that is there already is left as it is.

    Raises:
        UsageError: another of the files is there.
        TocsinError: one cannot be written. No file is left behind then.
    """
    new = {path: text for path, text in content.items() if path.name != ".gitignore" or not path.exists()}
    if there := [path for path in new if os.path.lexists(path)]:
        names = ", ".join(map(str, there))
        raise UsageError(f"nothing was written, because this is there already: {names}; name another folder")
    written: list[Path] = []
    try:
        for path, text in new.items():
            secret = path.parent.name == str(_SECRETS)
            path.parent.mkdir(mode=0o700 if secret else 0o777, parents=True, exist_ok=True)
            with os.fdopen(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o666), "w"
            ) as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for path in written:
            with suppress(OSError):
                path.unlink()
        remedy = "free some space" if error.errno == errno.ENOSPC else "name another folder"
        raise TocsinError(f"{error.filename or path}: {error.strerror}; nothing was written, {remedy}") from error
    return written
