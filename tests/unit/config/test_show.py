"""`config show`: every key of the file, as it was understood, and a configuration again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import pytest

from tocsin.config.config import Config, ConfigFile, load_config
from tocsin.config.show import show, write_config
from tocsin.config.yaml.shape import Shape

#: Every key of every section, none with its default. What is secret is marked by its words.
FULL = """\
timezone: Asia/Tokyo
database: {url: "sqlite:///var/other.db", connections: 9}
rules: [rules/metals]
http: {contact: ops@example.org, proxy: "http://me:c4nary@proxy.example:3128", ca_file: ca.pem, groups: [blogs.example]}
sources:
  wire:
    feed: "https://me:c4nary@example.org/feed?key=${KEY}"
    every: 90s
    ignore_hints: true
    allow_private: true
    labels: {tier: trade}
    headers: {X-Key: c4nary}
    keep: url=example.org/metals OR gallium
    drop: category=Sport
    items: "results[]"
    find: {form: category, item: {at: text, pattern: "Item ([0-9.]+)"}}
    headline: "{form}: {title}"
    body: fetch
  desk: {feed: https://example.net/feed, credentials: "me:c4nary"}
  notices:
    page: https://example.org/notices
    every: 2h
    ignore_hints: true
    allow_private: true
    labels: {tier: [primary, state]}
    headers: {X-Key: c4nary}
    items: li.notice
    title: h2
    link: a.more
    date: span.date
    date_format: "%d.%m.%Y"
    timezone: Europe/Berlin
  letters:
    mailbox: imaps://imap.example.org/Newsletters
    credentials: c4nary
    oauth: {token_url: https://login.example/token, device_url: https://login.example/device, client_id: c, client_secret: c4nary, scope: imap}
    entries: links
    senders: ["@letters.example"]
  tariff:
    watch: https://example.org/tariff
    every: 3h
    ignore_hints: true
    allow_private: true
    labels: {tier: primary}
    headers: {X-Key: c4nary}
    part: "#content"
    ignore: ["Queue: [0-9]+"]
  rates:
    table: https://example.org/rates?s={symbols}
    every: 45m
    format: csv
    rows: ""
    symbol: code
    price: rate
    time: day
    time_format: "%d.%m.%Y"
    timezone: Europe/Berlin
    close_at: "16:15"
    volume: amount
    high: top
    low: bottom
    currency: EUR
    currency_at: unit
    scale: 0.01
    decimal: ","
    delimiter: ;
    invert: true
    history: true
    errors: {rate_limited: too many}
    method: POST
    body: token=c4nary
    headers: {X-Key: c4nary}
    join: "|"
    allow_private: true
  handed-in: {push: true, labels: {tier: trade}, accept_labels: [company], tokens: filter}
  spot: {table: https://example.org/spot, rows: "data[*]", symbol: id, price: "$.value"}
  sheet: {file: prices.csv, every: 5m, history: false, symbol: name, price: last, time: at}
instruments:
  tin:
    class: metal
    currency: USD
    unit: t
    sources: [rates:TIN, yahoo:TIN=F]
    labels: {mineral: tin}
    session: mon-fri 09:30-16:00 Europe/London
    stale_after: 10d
    negative: true
    extended: true
  lead: {sources: [spot:LEAD, sheet:LEAD]}
receivers:
  mail:
    url: "${MAIL}"
    operator: true
    timezone: Europe/London
    rate: 12
    max_per_hour: 30
    group_wait: 45s
    person: ann
    fallback: {to: here, after: 1h}
    quiet_hours:
      - {from: "22:00", to: "06:30", on: [mon, tue], except: critical, drop: true}
      - {dates: ["12-24 to 01-02"]}
    digest: {at: "07:00", on: [mon, thu], below: critical, empty: true}
    secret: c4nary-0123456789abcdef012345
    headers: {X-Team: c4nary}
    credentials: desk:c4nary
    oauth:
      token_url: https://login.example/token
      device_url: https://login.example/device
      client_id: tocsin
      client_secret: c4nary
      scope: smtp
    repeat: {every: 4h, at_most: 3}
    reads: [de, pt-br]
  here: {console: true}
  chat: {url: "${NONE:-}", token: c4nary}
routes:
  - {to: [mail, chat], severity: ">= high", labels: {mineral: tin}, event: price, rule: metals, origins: 3}
silences:
  - {match: [mineral=tin, severity<=low], during: {from: "12:00", to: "13:00", on: mon}, why: known}
escalations:
  - {severity: critical, labels: {mineral: tin}, after: 45m, to: here}
inhibit:
  - {by: {severity: critical}, silences: {severity: "<= medium"}, same: [mineral], for: 6h}
overrides:
  metals/ban: {disable: true, severity: low, unless: '"drill"', to: [here]}
  metals: {lists: {mineral: {tellurium: [tellurium, 碲]}, noise: [webinar]}}
retention: 30d
heartbeat: {url: "https://beat.example/c4nary", every: 1m, allow_private: true}
translation: {url: "https://translate.example/c4nary", key: c4nary}
self_report: {at: "08:00", on: [fri]}
web:
  listen: unix:run/web.sock
  group: www-data
  url: https://ops.example.org/alarm/
  secret: c4nary-0123456789abcdef012345
  metrics: 127.0.0.1:9787
  proxy: {socket: true, secret: c4nary-0123456789abcdef012345}
  tokens:
    panel: {secret: c4nary-0123456789abcdef012345, may: act}
    filter: {secret: c4nary-0123456789abcdef012346, may: ingest}
  answer_links: 2d
  websub: true
"""
ENV = {"KEY": "c4nary", "MAIL": "mailto://user:c4nary@example.org", "LONG": "c4nary" * 5, "OTHER": "c4nary" * 6}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The configuration that says everything."""
    import trustme

    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    path = tmp_path / "config.yaml"
    path.write_text(FULL, encoding="utf-8")
    return load_config(path, ENV)


def _shapes(kind: Any) -> Iterator[type[Shape]]:
    """Every shape in a type."""
    if isinstance(kind, type) and issubclass(kind, Shape):
        yield kind
        for field in kind.model_fields.values():
            yield from _shapes(field.annotation)
    elif get_origin(kind) is not None or get_origin(kind) is Union:
        for part in get_args(kind):
            yield from _shapes(part)


def _owner(kind: type[Shape], name: str) -> tuple[type, str]:
    """The key *name* of *kind* as the first shape has it that brought it in."""
    return next(base for base in reversed(kind.__mro__) if name in getattr(base, "model_fields", ())), name


def _given(shape: Any) -> Iterator[tuple[type, str]]:
    """The keys in *shape* whose values are not their defaults."""
    if isinstance(shape, dict | tuple):
        for item in shape.values() if isinstance(shape, dict) else shape:
            yield from _given(item)
    elif isinstance(shape, Shape):
        for name, field in type(shape).model_fields.items():
            value = getattr(shape, name)
            if value != field.get_default(call_default_factory=True):
                yield _owner(type(shape), name)
            yield from _given(value)


def test_the_example_sets_every_key_to_another_value_than_its_default(config: Config) -> None:
    """Whoever adds a key adds it here, and so sees it shown."""
    keys = {_owner(kind, name) for kind in _shapes(ConfigFile) for name in kind.model_fields}
    assert len(keys) > 80
    # What a repetition ends with has one value.
    assert {name for _, name in keys - set(_given(config.file))} == {"until"}


def _left_out(shape: Any, shown: Any, path: str) -> Iterator[str]:
    """Keys of *shape* that *shown* has not."""
    if isinstance(shape, dict):
        for name, item in shape.items():
            yield from _left_out(item, shown[name], f"{path}.{name}")
    elif isinstance(shape, tuple):
        for number, item in enumerate(shape):
            yield from _left_out(item, shown[number], f"{path}[{number}]")
    elif isinstance(shape, Shape):
        for name, field in type(shape).model_fields.items():
            key, value = field.alias or name, getattr(shape, name)
            if value is not None and key not in shown:
                yield f"{path}.{key}"
            elif value is not None:
                yield from _left_out(value, shown[key], f"{path}.{key}")


def test_every_key_is_shown(config: Config) -> None:
    """Quiet hours as well as limits: what is not shown cannot be found to be wrong."""
    assert list(_left_out(config.file, show(config), "")) == []
    mail = show(config)["receivers"]["mail"]
    night = {"from": "22:00", "to": "06:30", "on": ["mon", "tue"], "dates": [], "except": "critical", "drop": True}
    assert mail["quiet_hours"][0] == night
    assert mail["digest"] == {"at": ["07:00"], "on": ["mon", "thu"], "below": "critical", "empty": True}
    assert (mail["fallback"], mail["group_wait"], mail["rate"]) == ({"to": "here", "after": "1h"}, "45s", 12)
    assert show(config)["instruments"]["tin"]["session"] == "mon-fri 09:30-16:00 Europe/London"
    assert show(config)["sources"]["rates"]["close_at"] == "16:15"


def test_no_secret_is_shown(config: Config) -> None:
    """Wherever one can stand: an address shows its references as they are written, everything else three stars."""
    shown = write_config(config)
    assert "c4nary" not in shown + json.dumps(show(config)) + repr(config)
    found = show(config)
    assert found["sources"]["wire"]["feed"] == "https://me:***@example.org/feed?key=${KEY}"
    assert found["sources"]["wire"]["headers"] == {"X-Key": "***"}
    assert (found["heartbeat"]["url"], found["receivers"]["mail"]["secret"]) == ("***", ["***"])
    assert found["receivers"]["chat"]["url"] == ""


def test_what_is_shown_is_a_configuration_again(config: Config, tmp_path: Path) -> None:
    """Where no secret was masked it says the same, in another folder too."""
    text = write_config(config).replace("me:***@example.org", "example.org")
    for masked, secret in (
        ("proxy: '***'", "proxy: ''"),
        ("body: '***'", "body: ''"),
        ("credentials: '***'", "credentials: ''"),
        ("url: '***'\n    console", "url: '${MAIL}'\n    console"),
        ("url: '***'", "url: ''"),
        ("- '***'", "- ''"),
        ("secret: '***'\n      may: ingest", "secret: '${OTHER}'\n      may: ingest"),
        ("secret: '***'", "secret: '${LONG}'"),
    ):
        assert masked in text
        text = text.replace(masked, secret)
    path = tmp_path / "elsewhere" / "config.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    again = load_config(path, ENV)
    for reference in ("url: '${MAIL}'", "'${LONG}'", "'${OTHER}'"):
        text = text.replace(reference, re.sub(r"\$.*}", "***", reference))
    assert write_config(again) == text
    assert (again.routes, again.overrides[0].to, again.retention) == (
        config.routes,
        config.overrides[0].to,
        config.retention,
    )
    assert (again.database, again.connections) == (config.database, 9)


def test_defaults_are_filled_in(tmp_path: Path) -> None:
    """A file that says little shows what it means; a dollar sign stays one."""
    path = tmp_path / "config.yaml"
    text = "sources: {a: {feed: https://x.org/f, labels: {b: '$${c}'}}}\nreceivers: {here: {console: true}, off: {url: ''}}\n"
    path.write_text(text, encoding="utf-8")
    env = {"STATE_DIRECTORY": "/var/lib/tocsin"}
    found = show(load_config(path, env))
    assert (found["timezone"], found["retention"]) == ("UTC", "90d")
    assert found["database"] == "sqlite:////var/lib/tocsin/tocsin.db"
    assert found["routes"][0]["to"] == ["here", "off"]
    assert found["sources"]["a"]["labels"] == {"b": ["$${c}"]}
    path.write_text(json.dumps(found), encoding="utf-8")
    assert show(load_config(path, {})) == found
