"""Writer of docs/reference/config.md and docs/reference/cli.md, from the shapes of the configuration and from the commands.

    make reference

The sentences stand in the program: below the key of a shape, in the docstring of a command, in the help of an option. Only
the example of each section is written here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import time, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from typer.core import TyperArgument

from tocsin.cli.commands import COMMANDS, help_of, load
from tocsin.config.config import ConfigFile
from tocsin.config.routes import SelectionShape
from tocsin.config.show import Kind, schema
from tocsin.config.yaml.shape import Shape
from tocsin.units import write_duration

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
#: What writes the pages again.
COMMAND = "make reference"
#: Code points that would end a cell of a table or a piece of code.
_CELL = str.maketrans({"|": "\\|", "\n": " ", "<": "&lt;"})

CONFIG = """\
# The configuration file

Every key of `config.yaml`. This page is made from the program by `make reference`; `tocsin schema config` prints the same for
editors. Each section begins with an example that uses all of its keys, of which you will need few.

The file is YAML 1.2: `no` and `on` are words, and a key that stands twice is a fault. An unknown key is a fault too, with the
likely one beside it; a key that begins with `x-` is yours. Faults are reported all at once, with line, column and remedy. A
changed file is read again as soon as it has not changed for two seconds, and at SIGHUP. A faulty one is refused, and the daemon
goes on as before. A change of `database` or `http` needs a restart.

| a value that is | is written |
| --- | --- |
| a span | a whole number and one unit: `90s`, `30m`, `12h`, `2d`, `1w` |
| a time of day | `"07:00"` |
| a secret, or a value of this machine | `${NAME}` or `${NAME:-default}` from the environment, `${file:/path}` from a file, `${cred:name}` from the \
credentials of systemd; `$$` is a dollar sign |
| a severity | `info`, `low`, `medium`, `high` or `critical` |
| text or a list | one text, or several: `[mon, thu]` |

A secret is never shown again: not in logs, not in the database, not by `tocsin config show`. One that cannot be read is a
fault only where it is used.
"""

#: What stands above the table of each section: some words, and an example with every key.
SECTIONS = {
    "": """\
timezone: Europe/London
database: sqlite:///var/tocsin.db
rules: [critical-minerals, ./rules]
retention: 90d
http: {contact: ops@example.org}
sources:
  mining-com: {feed: https://www.mining.com/feed/}
instruments:
  MP: {class: smallcap, sources: yahoo:MP}
receivers:
  here: {console: true}
routes:
  - {to: here}
silences:
  - {match: event=price, during: {on: [sat, sun]}}
escalations:
  - {severity: critical, after: 30m, to: [here]}
inhibit:
  - {by: {severity: critical}, silences: {severity: "<= medium"}}
overrides:
  mine-accident: {disable: true}
heartbeat: {url: "${TOCSIN_HEARTBEAT_URL:-}"}
self_report: {at: "09:00"}
translation: {url: "${TOCSIN_TRANSLATION_URL:-}"}
web: {listen: 127.0.0.1:8787}
""",
    "database": """\
database:
  url: postgresql://tocsin@db.example.org/tocsin
  connections: 10
""",
    "http": """\
http:
  contact: ops@example.org
  proxy: "${TOCSIN_PROXY:-}"          # http://name:password@proxy.example.org:3128
  ca_file: "${TOCSIN_CA_FILE:-}"
  groups: ["*.blogs.example.org"]
""",
    "feed": """\
sources:
  members:
    feed: https://example.org/members.xml
    every: 15m
    labels: {tier: trade}
    credentials: "${TOCSIN_MEMBERS:-name:password}"
    headers: {X-Api-Key: "${TOCSIN_KEY:-none}"}
    keep: url=example.org/metals OR title(gallium OR germanium)
    drop: category="Press releases" OR publisher="The Daily Example"
    body: feed
    ignore_hints: true
    allow_private: false
    items: "results[].{id: number, title: title, url: url, tags: [type]}"
    find:
      form: category
      item: {at: text, pattern: "Item ([0-9.]+)"}
    headline: "{form}: {title}"
""",
    "mailbox": """\
sources:
  letters:
    mailbox: imaps://imap.example.org/Newsletters
    credentials: "${TOCSIN_MAILBOX:-name}"
    entries: links
    senders: ["@letters.example", alerts@search.example]
    oauth: {token_url: https://login.example.org/token, client_id: tocsin}
    every: 10m
    allow_private: false
    labels: {tier: aggregator}
    keep: gallium OR germanium
    drop: title(webinar)
    find: {issue: {at: title, pattern: "No. ([0-9]+)"}}
    headline: "{issue}: {title}"
""",
    "watch": """\
sources:
  tariff:
    watch: https://example.org/tariff
    part: "#content"
    ignore: ["Queue: [0-9]+"]
    keep: tariff OR duty
    drop: '"page views"'
    every: 1h
    ignore_hints: true
    allow_private: false
    labels: {tier: primary}
    credentials: "${TOCSIN_MEMBERS:-name:password}"
    headers: {Accept-Language: en}
    find: {country: {at: text, pattern: "from ([A-Z][a-z]+)"}}
    headline: "{country}: {title}"
""",
    "page": """\
sources:
  notices:
    page: https://example.org/notices
    items: li.notice
    title: a
    link: a
    date: .day
    date_format: "%d.%m.%Y"
    timezone: Europe/Berlin
    every: 30m
    labels: {tier: primary}
    credentials: "${TOCSIN_MEMBERS:-name:password}"
    headers: {Accept-Language: en}
    keep: category=Notices
    drop: title(vacancy OR tender)
    find: {notice: {at: title, pattern: "No. ([0-9]+)"}}
    headline: "Notice {notice}: {title}"
    body: fetch
    ignore_hints: false
    allow_private: false
""",
    "push": """\
sources:
  desk:
    push: true
    labels: {tier: trade}
    accept_labels: [company]
    tokens: filter
    keep: gallium OR germanium
    drop: title(webinar)
web:
  tokens:
    filter: {secret: "${TOCSIN_FILTER:-a-secret-of-24-letters-or-more}", may: ingest}
""",
    "table": """\
sources:
  metals:
    table: https://example.org/spot?day={today}
    method: POST
    body: '{"metals": "{symbols}"}'
    join: ","
    headers: {X-Api-Key: "${TOCSIN_KEY:-none}"}
    every: 1h
    allow_private: false
    format: json
    rows: data
    symbol: metal
    price: price.usd
    time: date
    time_format: "%d/%m/%Y"
    timezone: Europe/London
    close_at: "17:00"
    volume: lots
    high: top
    low: bottom
    currency_at: price.currency
    scale: 0.01
    decimal: "."
    invert: false
    history: false
    errors: {rate_limited: "error.code == `429`"}
  rates:
    table: https://example.org/rates.csv
    format: csv
    delimiter: ;
    symbol: code
    price: rate
    time: day
    currency: EUR
instruments:
  gallium: {class: metal, currency: USD, unit: kg, sources: metals:GA}
  USD: {class: fx, currency: EUR, sources: rates:USD}
""",
    "file": """\
sources:
  assessed:
    file: prices/assessed.csv           # day;instrument;close;lots
    every: 1m
    format: csv
    rows: ""
    delimiter: ;
    decimal: ","
    symbol: instrument
    price: close
    time: day
    time_format: "%d.%m.%Y"
    timezone: Europe/London
    close_at: "17:00"
    volume: lots
    high: ""
    low: ""
    currency: CNY
    currency_at: ""
    scale: 1
    invert: false
    history: true
    errors: {}
instruments:
  ndpr: {class: metal, currency: CNY, unit: kg, sources: assessed:ndpr, stale_after: 10d}
""",
    "instruments": """\
instruments:
  MP:
    class: smallcap
    currency: USD
    unit: share
    sources: [yahoo:MP, finnhub:MP]
    labels: {company: mp-materials, mineral: rare-earths}
    session: mon-fri 09:30-16:00 America/New_York
    stale_after: 1d
    extended: true
    negative: false
""",
    "receivers": """\
receivers:
  here: {console: true, operator: true}
  hook:
    url: "${TOCSIN_HOOK_URL:-}"
    secret: "${TOCSIN_HOOK_SECRET:-}"
    credentials: "${TOCSIN_HOOK_LOGIN:-name:password}"
    headers: {X-Team: metals}
  bot: {url: "${TOCSIN_BOT_URL:-}", token: "${TOCSIN_BOT_TOKEN:-}"}
  mail:
    url: "${TOCSIN_MAIL_URL:-}"
    timezone: Asia/Tokyo
    rate: 30
    max_per_hour: 20
    group_wait: 30s
    person: ann
    fallback: {to: here, after: 30m}
    oauth: {token_url: https://login.example.org/token, client_id: tocsin}
    reads: [en, de]
    quiet_hours: {from: "22:00", to: "06:30", except: critical}
    digest: {at: "07:00"}
    repeat: {every: 4h}
""",
    "quiet_hours": """\
receivers:
  phone:
    url: "${TOCSIN_PHONE_URL:-}"
    quiet_hours:
      - {from: "22:00", to: "06:30", except: critical}
      - {on: [sat, sun], except: high}
      - {dates: ["12-24 to 01-01", 2026-05-01], drop: true}
""",
    "digest": """\
receivers:
  mail:
    url: "${TOCSIN_MAIL_URL:-}"
    digest: {at: ["07:00", "16:00"], on: [mon, thu], below: high, empty: true}
""",
    "oauth": """\
receivers:
  mail:
    url: "${TOCSIN_MAIL_URL:-}"
    oauth:
      token_url: https://login.example.org/token
      device_url: https://login.example.org/device
      client_id: tocsin
      client_secret: "${TOCSIN_CLIENT_SECRET:-}"
      scope: mail.send offline_access
""",
    "fallback": """\
receivers:
  desk:
    url: "${TOCSIN_SLACK_URL:-}"
    fallback: {to: here, after: 30m}
  here: {console: true}
""",
    "routes": """\
receivers:
  here: {console: true}
  desk: {url: "${TOCSIN_SLACK_URL:-}"}
routes:
  - {to: here}
  - {severity: ">= high", to: [here, desk], origins: 3}
  - {labels: {mineral: lithium}, event: trade.export, to: desk}
  - {rule: critical-minerals/mine-accident, to: desk}
""",
    "silences": """\
receivers:
  here: {console: true}
silences:
  - {match: [event=price, "severity<=medium"], during: {on: [sat, sun]}, why: the market is closed}
  - {match: mineral=lithium, during: [{from: "12:00", to: "13:00"}, {dates: 2026-12-24}]}
""",
    "escalations": """\
receivers:
  here: {console: true}
  boss: {url: "${TOCSIN_BOSS_URL:-}"}
escalations:
  - {severity: ">= high", after: 2h, to: [boss]}
  - {severity: critical, labels: {mineral: gallium}, event: trade, rule: critical-minerals, after: 30m, to: [boss, here]}
""",
    "repeat": """\
receivers:
  desk:
    url: "${TOCSIN_SLACK_URL:-}"
    repeat: {every: 4h, until: acked, at_most: 5}
""",
    "inhibit": """\
receivers:
  here: {console: true}
inhibit:
  - by: {severity: critical}
    silences: {severity: "<= medium"}
    same: [mineral]
    for: 12h
""",
    "during": """\
silences:
  - match: "severity<=low"
    during: {from: "22:00", to: "06:30", on: [sun, mon], dates: ["07-01 to 08-31"]}
""",
    "overrides": """\
rules: [critical-minerals]
receivers:
  here: {console: true}
overrides:
  critical-minerals/mine-accident: {disable: true}
  export-restriction: {severity: medium, unless: title(recycling), to: [here]}
  critical-minerals:
    lists: {mineral: {tellurium: [tellurium, 碲]}}
""",
    "heartbeat": """\
heartbeat: {url: "${TOCSIN_HEARTBEAT_URL:-}", every: 5m, allow_private: false}
""",
    "self_report": """\
self_report: {at: "09:00", on: [mon]}
""",
    "translation": """\
translation: {url: "http://127.0.0.1:5000", key: "${TOCSIN_TRANSLATION_KEY:-}"}
""",
    "web": """\
web:
  listen: unix:/run/tocsin/web.sock
  group: www-data
  url: https://ops.example.org/alarm
  secret: "${file:secrets/web}"
  metrics: 127.0.0.1:9787
  answer_links: 7d
  websub: true
  proxy: {socket: true}
  tokens:
    dashboard: {secret: "${file:secrets/dashboard}"}
""",
    "proxy": """\
web:
  listen: unix:/run/tocsin/web.sock
  proxy: {socket: true, secret: "${file:secrets/proxy}"}
""",
    "tokens": """\
web:
  tokens:
    dashboard: {secret: "${file:secrets/dashboard}", may: read}
""",
}
#: Sections whose keys stand below another key: the heading, and what its example is about.
TITLES = {
    "": ("## All sections", "A whole configuration needs `sources` and `receivers` only."),
    "database": (
        "## database",
        "A file needs its address alone; on a server the number of connections can be set. See [a server](../scaling.md).",
    ),
    "feed": (
        "### A feed",
        "Sources are `name: {...}` below `sources`. One with the key `feed` is an RSS, Atom or JSON Feed.",
    ),
    "mailbox": (
        "### A folder of mail",
        "A folder of newsletters and alerts, read by IMAP over TLS. Nothing in it changes.",
    ),
    "watch": (
        "### A page that is watched",
        "A web page whose text is compared with what it was. What is added is an entry.",
    ),
    "page": ("### A page", "A web page without a feed. CSS selectors find its items."),
    "push": (
        "### A source that programs push to",
        "A token that may `ingest` hands in news. See [sources](../sources.md#hand-in-news-from-a-program).",
    ),
    "table": (
        "### A table of prices",
        "JSON by JMESPath, CSV by column, HTML by CSS selector. See [prices](../prices.md).",
    ),
    "file": ("### A file of prices", "CSV or JSON Lines on this machine. See [prices](../prices.md)."),
    "http": ("## http", "Settings for requests to all servers."),
    "instruments": ("## instruments", "`name: {...}`: whatever has a price. See [prices](../prices.md)."),
    "receivers": ("## receivers", "`name: {...}`: who is notified. See [delivery](../delivery.md)."),
    "quiet_hours": ("### quiet_hours", "See [quiet hours and digests](../quiet-hours-and-digests.md)."),
    "digest": ("### digest", "See [quiet hours and digests](../quiet-hours-and-digests.md)."),
    "oauth": (
        "### oauth",
        "Of a receiver or a mailbox. See [a login by OAuth](../delivery.md#a-login-by-oauth).",
    ),
    "fallback": ("### fallback", "See [delivery](../delivery.md)."),
    "routes": ("## routes", "A list. An alert goes to the receivers of every route that fits it."),
    "silences": (
        "## silences",
        "A list. Each silence recurs; one that ends for good is [added by a command](../answering.md#silences).",
    ),
    "escalations": ("## escalations", "A list. See [until somebody answers](../answering.md#until-somebody-answers)."),
    "repeat": ("### repeat", "See [until somebody answers](../answering.md#until-somebody-answers)."),
    "inhibit": ("## inhibit", "A list. See [inhibition](../answering.md#inhibition)."),
    "during": (
        "### during",
        "The window of a silence, as of [quiet hours](../quiet-hours-and-digests.md#quiet-hours-not-at-night).",
    ),
    "overrides": (
        "## overrides",
        "`RULE: {...}` or `PACK: {lists: {...}}`: changes without editing a pack. See [overrides](rules.md#overrides).",
    ),
    "heartbeat": ("## heartbeat", "See [operating](../operating.md)."),
    "self_report": ("## self_report", "See [operating](../operating.md)."),
    "translation": (
        "## translation",
        "See [headlines in other languages](../delivery.md#headlines-in-other-languages).",
    ),
    "web": (
        "## web",
        "The page in a browser. `web: {}` is enough on your own machine; `tocsin web link` prints how to log in.",
    ),
    "proxy": ("### proxy", "For a server that stands in front of the page and knows who its users are."),
    "tokens": ("### tokens", "`NAME: {...}`: a program sends `Authorization: Bearer SECRET`."),
}


def sections() -> Iterator[tuple[str, type[Shape]]]:
    """Yield the name and the shape of each section, in the order of the page."""
    found = {field.alias or name: field.annotation for name, field in ConfigFile.model_fields.items()}
    yield "", ConfigFile
    for name, kind in found.items():
        shapes = list(_shapes(kind))
        if name == "sources":
            yield from (
                (
                    next(
                        key
                        for key in ("feed", "page", "watch", "mailbox", "push", "table", "file")
                        if key in one.model_fields
                    ),
                    one,
                )
                for one in shapes
            )
            continue
        for shape in shapes:
            yield name, shape
            for inner, field in shape.model_fields.items():
                # One map, or a list of such maps, is one shape.
                yield from (
                    (field.alias or inner, one) for one in dict.fromkeys(_shapes(field.annotation)) if _own(one)
                )


def _own(shape: type[Shape]) -> bool:
    """Return whether the keys of *shape* are described; the tests of a selection are those of a route."""
    return shape is not SelectionShape


def _shapes(kind: Any) -> Iterator[type[Shape]]:
    """Yield the shapes in an annotation."""
    if isinstance(kind, type) and issubclass(kind, Shape):
        yield kind
    for part in getattr(kind, "__args__", ()):
        yield from _shapes(part)


def config_page() -> str:
    """Return the page about the configuration."""
    definitions = schema(Kind.CONFIG)
    parts = [CONFIG]
    for name, shape in sections():
        if name == "feed":
            parts.append("## sources\n\nThe key that holds the address says what kind of source it is.\n")
        heading, words = TITLES[name]
        described = definitions["$defs"][shape.__name__] if name else definitions
        fields = sorted(shape.model_fields.items(), key=lambda item: not item[1].is_required())
        rows = [_key(key, field, described) for key, field in fields]
        table = ["| key | value | default | meaning |", "| --- | --- | --- | --- |", *rows]
        parts.append(f"{heading}\n\n{words}\n\n```yaml\n{SECTIONS[name]}```\n\n" + "\n".join(table) + "\n")
    return "\n".join(parts)


def _key(name: str, field: Any, described: dict[str, Any]) -> str:
    key = field.alias or name
    meaning, _, default = described["properties"][key].get("description", "").partition(" Default: ")
    default = _sentence(default) if default else "required" if field.is_required() else _default(field)
    linked = f"[`{key}`](#{'sources' if key == 'sources' else key})" if _section(key, field) else f"`{key}`"
    return f"| {linked} | {_value(described['properties'][key])} | {default} | {meaning.translate(_CELL)} |"


def _section(key: str, field: Any) -> bool:
    """Return whether *key* has a section of its own."""
    return any(map(_own, _shapes(field.annotation))) and (key in TITLES or key == "sources")


def _sentence(text: str) -> str:
    """Return a default that is said in words, or as code if it is a value."""
    return text.rstrip(".").translate(_CELL)


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    match value:
        case None | "" | () | Shape():
            return ""
        case timedelta():
            return f"`{write_duration(value)}`" if value else "none"
        case bool():
            return str(value).lower()
        case time():
            return f'`"{value:%H:%M}"`'
        case Enum():
            return f"`{value.value}`"
        case tuple():
            return f"`[{', '.join(map(str, value))}]`"
    text = str(getattr(value, "shown", value))
    return f"`{text}`" if text not in ("", "{}") else ""


def _value(described: dict[str, Any]) -> str:
    """Return in words which values a JSON Schema accepts."""
    reference = described.get("$ref", "").rpartition("/")[2]
    if reference:
        described = schema(Kind.CONFIG)["$defs"][reference]
    if "enum" in described:
        return ", ".join(f"`{value}`" for value in described["enum"])
    examples = described.get("examples", [])
    if examples:
        return "time of day" if ":" in examples[0] else "span"
    if "anyOf" in described:
        return "time of day or a list" if described["anyOf"][0].get("examples") else "text or a list"
    if "oneOf" in described and described["oneOf"][1].get("type") == "array":
        return "map or a list"
    if "oneOf" in described and described["oneOf"][0].get("type"):
        return "text or a map"
    match described.get("type"):
        case "boolean":
            return "true or false"
        case "integer":
            return f"{described['minimum']} to {described['maximum']}"
        case "array":
            return "list"
        case "object":
            return "map"
        case None:
            return "map"
    return "text"


CLI = """\
# The command line

Every command with its options. This page is made from the program by `make reference`; `tocsin COMMAND --help` prints the same.

A command reads `config.yaml` in the folder in which you are, or the file that `--config` or the variable `TOCSIN_CONFIG` names.
Data goes to stdout, messages to stderr. `NO_COLOR` switches colours off. Commands that act (answers, silences, resends, tests)
write into the database, and a running daemon takes it from there.

| exit code | meaning |
| --- | --- |
| 0 | fine |
| 1 | failed |
| 2 | a wrong call: an unknown option, or a name that does not exist |
| 3 | partly: what did not work is named |
| 74 | the database was deleted or replaced while the daemon ran; what it held is saved beside it, or in its place |
| 78 | the configuration or the rules are bad, or a secret that is needed cannot be read; nothing was started |

Where a command says more about its exit codes, it stands with it. `-h` or `--help` shows the help of each.
`tocsin --version` prints the version, `tocsin --install-completion` makes the Tab key complete commands and options in your
shell (bash, zsh, fish), and `tocsin --show-completion` prints what would be installed.
"""
#: Options that many commands share, which are described once.
_SHARED = ("--config", "--json")
GROUPS = {
    "Set up": ("init", "check", "doctor", "notify-test", "config", "schema", "service"),
    "Run": ("run", "once", "status", "demo", "web"),
    "News, prices and people": ("sources", "instruments", "receivers"),
    "Alerts": ("alerts", "dates", "deliveries", "silences", "digest"),
    "Rules": ("rules", "packs", "why", "why-not", "match", "test", "backtest"),
    "Data": ("db",),
}


def cli_page() -> str:
    """Return the page about the commands."""
    rest = tuple(name for name in COMMANDS if not any(name in names for names in GROUPS.values()))
    groups = {title: [name for name in names if name in COMMANDS] for title, names in (*GROUPS.items(), ("More", rest))}
    contents = ["| | command | |", "| --- | --- | --- |"]
    for title, names in groups.items():
        for place, name in enumerate(names):
            linked = f"[{name}](#tocsin-{name})"
            contents.append(f"| {'' if place else title} | {linked} | {_first(help_of(name)).translate(_CELL)} |")
    parts = [CLI, "\n".join(contents) + "\n"]
    for title, names in groups.items():
        if names:
            parts.append(f"## {title}\n")
        parts += (text for name in names for text in _described(f"tocsin {name}", load(name), "###"))
    return "\n".join(parts)


def _first(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


def _described(words: str, command: Any, heading: str) -> Iterator[str]:
    """Yield the text about a command, or about each of a group."""
    help_text = "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n"))
    if inner := getattr(command, "commands", None):
        yield f"{heading} {words}\n\n{help_text}\n"
        for name, one in inner.items():
            yield from _described(f"{words} {name}", one, f"{heading}#")
        return
    shared = [f"`{opt}`" for opt in _SHARED if any(opt in param.opts for param in command.params)]
    params = [param for param in command.params if param.opts[0] not in _SHARED]
    usage = " ".join((words, *(_argument(one) for one in params if isinstance(one, TyperArgument))))
    text = f"{heading} {words}\n\n```text\n{usage}{'' if all(isinstance(one, TyperArgument) for one in command.params) else ' [OPTIONS]'}\n```\n\n{help_text}\n"
    if params:
        rows = [_option(param) for param in params]
        text += (
            "\n"
            + "\n".join(["| argument, option | value | default | meaning |", "| --- | --- | --- | --- |", *rows])
            + "\n"
        )
    yield text + (f"\n{'Also' if params else 'Takes'} {' and '.join(shared)}.\n" if shared else "")


def _argument(param: Any) -> str:
    """Return the name of an argument as usage shows it: in brackets if it may be left out."""
    name = param.metavar or param.name.upper()
    name = name.rstrip(".").strip("[]") + ("..." if param.nargs != 1 else "")
    return name if param.required else f"[{name}]"


def _option(param: Any) -> str:
    flag = bool(getattr(param, "is_flag", False))
    name = f"`{_argument(param)}`" if isinstance(param, TyperArgument) else ", ".join(f"`{one}`" for one in param.opts)
    kind = param.type_descriptor.annotation
    repeated = param.multiple and not isinstance(param, TyperArgument)
    value = "" if flag else _accepted(kind) + (", repeatable" if repeated else "")
    default = "" if flag or param.default in (None, "") else f"`{param.default}`"
    default = "required" if param.required and not isinstance(param, TyperArgument) else default
    meaning, _, said = (param.help or "").partition(" Default: ")
    variables = [param.envvar] if isinstance(param.envvar, str) else list(param.envvar or ())
    from_env = f" Variable: {' or '.join(f'`{one}`' for one in variables)}." if variables else ""
    return f"| {name} | {value} | {_sentence(said) if said else default} | {meaning.translate(_CELL)}{from_env} |"


def _accepted(kind: Any) -> str:
    """Return in words which values an option takes."""
    kind = getattr(kind, "__args__", (kind,))[0]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(f"`{one.value}`" for one in kind)
    return {int: "number", Path: "path"}.get(kind, "text")


#: The pages, by their file.
PAGES = {"config.md": config_page, "cli.md": cli_page}


def main() -> int:
    """Write both pages."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
