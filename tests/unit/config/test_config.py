"""The configuration: every fault at once, secrets never shown, defaults that are good."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tocsin.config.config import Config, load_config, salvage
from tocsin.config.secrets import Secret
from tocsin.config.show import show
from tocsin.errors import ConfigError
from tocsin.model.rules import Severity
from tocsin.units import parse_duration, write_duration

GOOD = """
timezone: Europe/London
database: sqlite:///var/tocsin.db
rules: [rules/critical-minerals]
http: {contact: ops@example.org}
sources:
  trade: {feed: https://example.org/feed, labels: {tier: trade}, every: 5m, headers: {X-Key: "${KEY}"}}
  lab:   {feed: "http://192.168.1.7/feed?token=${KEY}", allow_private: true}
receivers:
  desk: {url: "${SLACK:-}"}
  mail: {url: "${MAIL:-}"}
  here: {console: true, operator: true}
routes:
  - {severity: ">= high", to: [desk, mail]}
  - {labels: {mineral: lithium}, event: trade, rule: p/r, to: mail}
  - {to: [here]}
x-note: free
"""


def load(tmp_path: Path, text: str, **env: str) -> Config:
    """The configuration *text*, with *env* as its environment."""
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, env)


def faults(tmp_path: Path, text: str, **env: str) -> list[str]:
    """Every fault as `line:column: words`."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, **env)
    return [str(p).split("\n", maxsplit=1)[0].partition("config.yaml:")[2] for p in caught.value.problems]


def test_a_good_configuration_is_understood(tmp_path: Path) -> None:
    """The example of the documentation, value by value."""
    config = load(tmp_path, GOOD, KEY="k3y", MAIL="mailto://x")
    assert config.zone.key == "Europe/London"
    assert config.database == f"sqlite:///{tmp_path}/var/tocsin.db"
    assert config.rules == (tmp_path / "rules/critical-minerals",)
    trade, lab = config.sources
    assert (trade.name, trade.every, trade.labels, trade.allow_private) == (
        "trade",
        timedelta(minutes=5),
        {"tier": ("trade",)},
        False,
    )
    assert trade.headers["X-Key"].reveal() == "k3y"
    assert lab.url.reveal() == "http://192.168.1.7/feed?token=k3y"
    assert [r.name for r in config.receivers] == ["mail", "here"]
    assert config.routes[0].which.severity == (">=", Severity.HIGH)
    assert [route.to for route in config.routes] == [("mail",), ("mail",), ("here",)]
    assert config.problems == ()


def test_a_receiver_with_an_empty_url_is_off(tmp_path: Path) -> None:
    """One file serves a laptop without secrets and the server with them."""
    assert [r.name for r in load(tmp_path, GOOD, KEY="k").receivers] == ["here"]


def test_three_lines_are_a_good_configuration(tmp_path: Path) -> None:
    """Without routes everybody is told everything."""
    config = load(tmp_path, "sources: {a: {feed: 'https://x.org/f'}}\nreceivers: {here: {console: true}}\n")
    assert config.routes[0].to == ("here",)
    assert (config.zone.key, config.retention) == ("UTC", timedelta(days=90))


def test_secrets_are_shown_nowhere(tmp_path: Path) -> None:
    """Not in `config show`, not in a repr, not in the address that the database keeps."""
    config = load(tmp_path, GOOD, KEY="c4nary", MAIL="mailto://user:c4nary@example.org")
    shown = json.dumps(show(config))
    assert "c4nary" not in shown + repr(config)
    assert config.sources[1].address == "http://192.168.1.7/feed?token=${KEY}"
    assert "https://example.org/feed" in shown


def test_a_password_in_an_address_is_masked(tmp_path: Path) -> None:
    """Written into the file or not, a password is not stored a second time."""
    config = load(tmp_path, "sources: {a: {feed: 'https://me:c4nary@x.org/f'}}\nreceivers: {here: {console: true}}\n")
    assert config.sources[0].address == "https://me:***@x.org/f"
    assert config.sources[0].url.reveal() == "https://me:c4nary@x.org/f"


def test_the_rule_for_secrets_does_not_change_what_a_source_is_known_by(tmp_path: Path) -> None:
    """Its entries would begin anew, silently, with each secret that the rule learns to know."""
    text = "sources: {a: {feed: 'https://me:c4nary@x.org/f?token=abc'}}\nreceivers: {here: {console: true}}\n"
    [source] = load(tmp_path, text).sources
    assert source.address == "https://me:***@x.org/f?token=***"
    assert source.identity == "https://me:***@x.org/f?token=abc"
    assert source.secret


def test_every_fault_comes_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """One run of `check` is enough to repair a file."""
    text = """\
timezone: Europe/Londn
sources:
  a: {feed: ftp://x, evry: 5m, every: 5}
  b: {fed: http://x/}
receivers:
  desk: {url: "${NOPE}"}
  x: {}
routes:
  - {to: [dsk], severity: ">= hihg"}
retention: no
"""
    levels = "the levels are info, low, medium, high, critical"
    assert faults(tmp_path, text) == [
        "1:11: timezone must be a time zone such as Europe/London or UTC",
        "3:13: feed must be an address that begins with http:// or https://",
        "3:22: unknown key evry; did you mean every?",
        "3:39: every needs a unit: write 5s, 5m, 5h, 5d or 5w",
        "4:7: unknown key fed; did you mean feed?",
        "4:7: feed is missing here: the address of an RSS, Atom or JSON feed",
        "6:16: the environment has no NOPE; set it, or write ${NOPE:-default}",
        "7:6: a receiver needs a url, or console: true",
        "9:11: there is no receiver dsk; did you mean desk?",
        f'9:28: severity must be a level, or a comparison such as ">= high"; {levels}; did you mean high?',
        "10:12: retention must be a whole number and one unit, such as 90s, 30m, 12h, 2d or 1w",
    ]


def test_an_unknown_key_unlike_every_other_is_told_what_keys_there_are(tmp_path: Path) -> None:
    """Nobody has to look into the manual for the one that was meant."""
    text = "sources: {a: {feed: 'https://x.org/f'}}\nreceivers: {here: {console: true, wobble: 1}}\n"
    (fault,) = faults(tmp_path, text)
    assert fault.startswith("2:35: unknown key wobble; the keys here are url, console, operator")


SOURCE = "sources: {a: {feed: 'https://x.org/f'%s}}\nreceivers: {here: {console: true}}\n"


@pytest.mark.parametrize(
    ("text", "url", "connections"),
    [
        ("sqlite:///x.db", "sqlite:///{folder}/x.db", 10),
        ("{url: 'sqlite:///x.db'}", "sqlite:///{folder}/x.db", 10),
        ("postgresql://u:${KEY}@h:5433/n?sslmode=require", "postgresql://u:c4nary@h:5433/n?sslmode=require", 10),
        ("{url: 'postgresql:///n?host=/run/postgresql', connections: 9}", "postgresql:///n?host=/run/postgresql", 9),
    ],
)
def test_a_database_is_a_file_or_on_a_server(tmp_path: Path, text: str, url: str, connections: int) -> None:
    """Its password is shown nowhere."""
    config = load(tmp_path, f"database: {text}\n", KEY="c4nary")
    assert (config.database, config.connections) == (url.format(folder=tmp_path), connections)
    assert "c4nary" not in repr(config) + json.dumps(show(config))


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("database: postgresql://u@h/n # there", "postgresql://u@h/n"),
        ("database: sqlite:////var/x.db", "sqlite:////var/x.db"),
        ("database: {url: postgresql://u@h/n, connections: 6}", "postgresql://u@h/n"),
        ("database:\n  url: 'postgresql://u@h/n'", "postgresql://u@h/n"),
        ("database: postgresql://u:${KEY}@h/n", ""),
    ],
)
def test_a_faulty_file_still_names_its_database(tmp_path: Path, text: str, url: str) -> None:
    """Status and doctor look at it; half an address is none."""
    path = tmp_path / "config.yaml"
    path.write_text(f"{text}\nsources: [\n", encoding="utf-8")
    default = salvage(tmp_path / "none.yaml", {"STATE_DIRECTORY": "/s"}).database
    assert salvage(path, {"STATE_DIRECTORY": "/s"}).database == (url or default)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SOURCE % ", every: 0s", "every must be 1s or more"),
        (SOURCE % ", every: [5m]", "every must be a whole number and one unit"),
        (SOURCE % ", every: -5m", "every must not be negative"),
        (SOURCE % ", every: ''", "every must be a whole number and one unit"),
        (SOURCE % ", allow_private: maybe", "allow_private must be true or false"),
        (SOURCE % ", labels: 5", "labels must be a map"),
        (SOURCE % ", labels: {a: true}", "must be"),
        (SOURCE % ", labels: {a: ~}", "is empty"),
        (SOURCE % ", headers: {'X Y': z}", "is not the name of an HTTP header"),
        (SOURCE % ', headers: {X: "a\\nb"}', "a header must be one line"),
        ("sources: {a: {feed: 'https://'}}", "must be an address"),
        ("sources: {a: {feed: 'http://[::1'}}", "is not an address"),
        ("sources: {a: {feed: 'http://x.org/a b'}}", "must not hold blanks"),
        ("sources: {'a b': {feed: 'http://x.org/'}}", "must be letters, digits, dots"),
        ("sources: [a]", "sources must be a map"),
        ("sources: {a: 5}", "a must be a map"),
        ("rules: {a: 1}", "rules must be a list"),
        ("routes: {to: a}", "routes must be a list"),
        ("database: postgresql://x", "must be sqlite:///path/to/a/file or postgresql://user@host/name"),
        ("database: postgres://u@h/n", "must be sqlite:///path/to/a/file or postgresql://user@host/name"),
        ("database: postgresql://u@h:x/n", "the port is a number"),
        ("database: postgresql://u@h/n?password=x", "must have its password before the @"),
        ("database: {connections: 7}", "url"),
        ("database: {url: 'postgresql://u@h/n', connections: 1}", "connections must be 6 or more"),
        ("database: [x]", "database must be"),
        ("timezone: true", "timezone must be text"),
        ("receivers: {a: {url: x, console: true}}", "either a url or the console"),
        ("[1]", "must be a map"),
        ("timezone: [a", "never closed"),
        ("timezone: ${a-b}", "write ${NAME}"),
        ("timezone: ${cred:x}", "there are no credentials"),
        ("timezone: ${file:/no/such/file}", "/no/such/file cannot be read: No such file or directory"),
    ],
)
def test_each_fault_is_told_in_words_that_name_the_remedy(tmp_path: Path, text: str, words: str) -> None:
    """No library's wording, no stack, no guess."""
    assert any(words in fault for fault in faults(tmp_path, text)), faults(tmp_path, text)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            "keep: categroy=Sport",
            ["no entry of this source has the label categroy: this is never true; did you mean category?"],
        ),
        ("drop: title(tin) AND form=8-K", ["no entry of this source has the label form: this is never true"]),
        ("keep: form=8-K, find: {form: category}", []),
        ("keep: tier=trade OR url=example.org/a, labels: {tier: trade}", []),
    ],
)
def test_a_filter_for_a_label_that_no_entry_has_is_a_warning(tmp_path: Path, more: str, words: list[str]) -> None:
    """A slip of the pen in keep drops all that comes."""
    text = f"sources:\n  a: {{feed: 'https://example.org/f', {more}}}\nreceivers:\n  here: {{console: true}}\n"
    assert [problem.message for problem in load(tmp_path, text).problems] == words


def test_what_is_missing_is_a_warning(tmp_path: Path) -> None:
    """A file without sources or receivers is odd, but not wrong."""
    config = load(tmp_path, "timezone: UTC\n")
    assert [problem.warning for problem in config.problems] == [True, True]


def test_values_come_from_files_and_credentials(tmp_path: Path) -> None:
    """Systemd's credentials and plain files fill values; a line end at their end is not part of the secret."""
    (tmp_path / "token").write_text("from-file\n", encoding="utf-8")
    (tmp_path / "slack").write_text("from-cred\n", encoding="utf-8")
    text = (
        "receivers:\n"
        f"  a: {{url: 'json://${{file:{tmp_path}/token}}'}}\n"
        "  b: {url: 'json://${cred:slack}'}\n"
        "  c: {url: 'json://$$5'}\n"
    )
    config = load(tmp_path, text, CREDENTIALS_DIRECTORY=str(tmp_path))
    assert [r.url.reveal() if r.url else None for r in config.receivers] == [
        "json://from-file",
        "json://from-cred",
        "json://$5",
    ]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("${cred:../x}", "the name of a credential cannot be a path"),
        ("${cred:none}", "cannot be read"),
        ("${file:%s/big}", "is larger than 16,384 octets"),
        ("${file:%s/raw}", "not UTF-8"),
    ],
)
def test_a_reference_that_cannot_be_filled_is_a_fault_at_its_place(tmp_path: Path, reference: str, words: str) -> None:
    """The daemon does not start half configured."""
    (tmp_path / "big").write_text("x" * 20_000, encoding="utf-8")
    (tmp_path / "raw").write_bytes(b"\xff\xfe")
    reference = reference.replace("%s", str(tmp_path))
    found = faults(tmp_path, f"http: {{contact: '{reference}'}}\n", CREDENTIALS_DIRECTORY=str(tmp_path))
    assert any(words in fault for fault in found), found


def test_the_path_of_a_secret_is_relative_to_the_file_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tocsin --config mine/config.yaml` finds the secrets of mine, wherever it is called."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "desk").write_text("json://desk\n", encoding="utf-8")
    monkeypatch.chdir("/")
    config = load(tmp_path, 'receivers: {a: {url: "${file:secrets/desk}"}}\n')
    assert [r.url.reveal() if r.url else None for r in config.receivers] == ["json://desk"]


def test_an_environment_variable_that_is_empty_counts_as_unset_for_a_default(tmp_path: Path) -> None:
    """Container tools set variables to nothing; the default stands in, and without one the value is empty."""
    text = "http: {contact: '${A:-x}'}\ntimezone: UTC\nreceivers: {a: {url: '${A}'}}\n"
    config = load(tmp_path, text, A="")
    assert config.http.contact == "x"
    assert config.receivers == ()


def test_filled_values_take_their_type(tmp_path: Path) -> None:
    """`allow_private: ${P}` is true when P says so, and a duration can come from the environment."""
    text = "sources:\n  a:\n    feed: https://x.org/f\n    allow_private: ${P}\n    every: ${E:-5m}\n"
    config = load(tmp_path, text, P="true")
    assert (config.sources[0].allow_private, config.sources[0].every) == (True, timedelta(minutes=5))
    assert faults(tmp_path, text, P="perhaps")[-1] == "4:20: allow_private must be true or false"


def test_a_file_that_cannot_be_read_is_one_fault(tmp_path: Path) -> None:
    """Missing, or not UTF-8: said with the path, not with a traceback."""
    with pytest.raises(
        ConfigError, match="cannot be read: No such file or directory; tocsin init writes one, --config names another"
    ):
        load_config(tmp_path / "none.yaml", {})
    (tmp_path / "raw.yaml").write_bytes(b"a: 1\nb: \xff")
    with pytest.raises(ConfigError, match=r"raw\.yaml:2: this is not UTF-8"):
        load_config(tmp_path / "raw.yaml", {})


@pytest.mark.parametrize(
    ("text", "length"),
    [("90s", timedelta(seconds=90)), ("12h", timedelta(hours=12)), ("2w", timedelta(weeks=2)), ("0m", timedelta(0))],
)
def test_durations_are_read_and_written(text: str, length: timedelta) -> None:
    """What `config show` prints can be pasted back."""
    assert parse_duration(text) == length
    assert parse_duration(write_duration(length)) == length


def test_secrets_compare_by_value() -> None:
    """A reload can tell whether an address changed."""
    assert Secret("a") == Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a")}) == 1
