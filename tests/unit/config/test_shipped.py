"""Packs by name: what a configuration means by `rules: [critical-minerals]`, wherever the program is installed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.config import shipped
from tocsin.config.cautions import cautions
from tocsin.config.config import Config, load_config
from tocsin.config.loading import load_rules, rules_of
from tocsin.config.shipped import PRESETS, SHIPPED, pack_names
from tocsin.config.yaml.file import shown_path
from tocsin.errors import ConfigError

NAMES = ["critical-minerals", "energy", "trade", "words"]


def load(folder: Path, rules: str, more: str = "") -> Config:
    """The configuration in *folder* with these *rules*."""
    path = folder / "config.yaml"
    path.write_text(f"rules: {rules}\n{more}receivers: {{here: {{console: true, operator: true}}}}\n", encoding="utf-8")
    return load_config(path, {})


def words(folder: Path, rules: str) -> str:
    """What is said about *rules*."""
    with pytest.raises(ConfigError) as caught:
        load(folder, rules)
    (fault,) = (problem for problem in caught.value.problems if not problem.warning)
    assert fault.position
    assert (fault.position.line, fault.position.column) == (1, 9)
    return fault.message


def test_the_shipped_packs_are_known_by_name(tmp_path: Path) -> None:
    """Whoever installed a wheel has no path to write; presets are no pack."""
    assert pack_names() == NAMES
    assert PRESETS not in NAMES
    assert load(tmp_path, f"[{', '.join(NAMES)}]").rules == tuple(SHIPPED / name for name in NAMES)
    assert load(tmp_path, "energy").rules == (SHIPPED / "energy",)


@pytest.mark.parametrize(
    ("written", "place"),
    [
        pytest.param("./energy", "energy", id="here"),
        pytest.param("rules/energy", "rules/energy", id="below"),
        pytest.param("../energy", "../energy", id="beside"),
        pytest.param("mine/", "mine", id="a slash behind"),
    ],
)
def test_what_holds_a_slash_is_a_path_beside_the_file(tmp_path: Path, written: str, place: str) -> None:
    """A folder of the user's own is never taken for a shipped pack, whatever its name."""
    assert load(tmp_path, f"[{written}]").rules == (tmp_path / place,)


def test_a_path_may_begin_in_the_home_folder_or_at_the_root(tmp_path: Path) -> None:
    """A slash is enough."""
    assert load(tmp_path, "[~/packs, /srv/packs]").rules == (Path.home() / "packs", Path("/srv/packs"))


def test_an_unknown_name_says_where_it_was_looked_for_and_what_there_is(tmp_path: Path) -> None:
    """The remedy is in the message, for a slip and for a folder without its slash."""
    shipped = f"the shipped ones in {shown_path(SHIPPED)} (critical-minerals, energy, trade, words)"
    assert words(tmp_path, "[enrgy]") == (
        f"rules names the pack enrgy, which is not among {shipped}; did you mean energy?; "
        "write ./enrgy for a folder beside this file"
    )
    assert words(tmp_path, "[presets]") == (
        f"rules names the pack presets, which is not among {shipped}; write ./presets for a folder beside this file"
    )


def test_a_path_to_nothing_names_the_shipped_pack() -> None:
    """Who wrote the path of a checkout has installed a wheel since."""
    with pytest.raises(ConfigError) as caught:
        load_rules([Path("/nowhere/rules/energy"), Path("/nowhere/mine")])
    assert [problem.message for problem in caught.value.problems] == [
        "/nowhere/rules/energy is not a folder of rules; the shipped pack is written energy, without a path",
        "/nowhere/mine is not a folder of rules",
    ]


def test_a_folder_that_looks_like_the_pack_in_force_is_warned_of(tmp_path: Path) -> None:
    """Edits of a copy that nobody reads would do nothing, without a word."""
    source = "sources: {a: {feed: https://example.org/feed}}\nhttp: {contact: me@example.org}\n"
    assert list(cautions(load(tmp_path, "[energy, trade]", source))) == []
    (tmp_path / "energy").mkdir()
    (warning,) = cautions(load(tmp_path, "[energy, trade]", source))
    assert warning.warning
    assert warning.message == (
        f"{tmp_path}/energy is not read, because rules: [energy] is the shipped pack: write ./energy for the folder"
    )
    assert list(cautions(load(tmp_path, "[./energy]", source))) == []


def test_presets_are_found_wherever_the_packs_are(tmp_path: Path) -> None:
    """A shipped preset needs no pack; one of the user's own beside a pack goes before it."""
    instrument = "instruments: {cny: {sources: [ecb:CNY]}}\n"
    for rules in ("[]", "[energy]", "[./mine]"):
        (row,) = load(tmp_path, rules, instrument).prices
        assert "ecb.europa.eu" in row.address
    own = (SHIPPED / PRESETS / "ecb.yaml").read_text(encoding="utf-8").replace("ecb.europa.eu", "ecb.example")
    (tmp_path / PRESETS).mkdir()
    (tmp_path / PRESETS / "ecb.yaml").write_text(own, encoding="utf-8")
    (row,) = load(tmp_path, "[./mine]", instrument).prices
    assert "ecb.example" in row.address
    (row,) = load(tmp_path, "[energy]", instrument).prices
    assert "ecb.europa.eu" in row.address


@pytest.mark.no_cover  # it runs the examples of the largest pack
def test_who_did_nothing_wrong_is_not_warned(tmp_path: Path) -> None:
    """What the first example lacks for shipped rules is information, in a line each; a warning is about a mistake."""
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "desk").write_text("json://localhost/", encoding="utf-8")
    path = tmp_path / "config.yaml"
    path.write_text(readme.partition("```yaml\n")[2].partition("```")[0], encoding="utf-8")
    loaded = rules_of(load_config(path, {}))
    assert loaded.warnings == ()
    prices, labels = loaded.waiting
    assert prices.startswith(f"critical-minerals: {loaded.idle} price rules wait for an instrument of the class metal,")
    assert prices.endswith("; docs/prices.md shows how to add one")
    assert "rules ask for tier=primary, which no source has; add labels: {tier: primary} to the sources" in labels


_OWN = "tocsin: 1\npack: {id: own}\nrules:\n  - {id: r, %s}\n"


@pytest.mark.parametrize(
    ("more", "own", "warned"),
    [
        pytest.param("", "price: {instruments: {class: metal}, when: last > 3}", "own: 1 price rule lacks", id="price"),
        pytest.param(
            "",
            "news: {match: tin AND tier=primary}, fires: [], quiet: []",
            "this is never true; add labels: {tier: primary} to the sources it is true of",
            id="label",
        ),
        pytest.param("sources: {w: {feed: 'https://e.org', labels: {tier: primry}}}\n", "", "mean primry?", id="value"),
        pytest.param("sources: {w: {feed: 'https://e.org', labels: {teir: primary}}}\n", "", "mean teir?", id="name"),
        pytest.param(
            "overrides: {energy/sanctions: {unless: tier=primary}}\n", "", "gives the label tier", id="override"
        ),
    ],
)
def test_a_mistake_beside_a_shipped_pack_is_loud(tmp_path: Path, more: str, own: str, warned: str) -> None:
    """A rule of the user's own, a label that is mistyped, and an override are not excused."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "own.yaml").write_text(_OWN % (own or "news: {match: tin}"), encoding="utf-8")
    found = rules_of(load(tmp_path, "[energy, ./own]", more)).warnings
    assert any(warned in problem.message for problem in found), found


#: A pack that would be refused if its examples were run.
WRONG = """\
tocsin: 1
pack: {id: mine, version: 1.0.0}
rules: [{id: ban, news: {match: ban}, fires: [No such word]}]
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a pack that an installer has put beside its record of it."""
    pack = tmp_path / "tocsin" / "packs" / "mine"
    pack.mkdir(parents=True)
    (pack / "pack.yaml").write_text(WRONG, encoding="utf-8")
    digest = base64.urlsafe_b64encode(hashlib.sha256(WRONG.encode()).digest()).decode().rstrip("=")
    about = tmp_path / "tocsin-9.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.4\nName: tocsin\nVersion: 9\n", encoding="utf-8")
    (about / "RECORD").write_text(f"tocsin/packs/mine/pack.yaml,sha256={digest},{len(WRONG)}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    shipped._digests.cache_clear()
    yield pack
    shipped._digests.cache_clear()


def test_the_daemon_does_not_try_what_its_release_tried(installed: Path) -> None:
    """The first start after an installation would take half of its time for examples that passed before the release."""
    assert load_rules([installed], known=lambda _: "").rules.infos


def test_a_shipped_pack_that_somebody_changed_is_tried(installed: Path) -> None:
    """A rule whose examples fail is refused, wherever it stands."""
    (installed / "pack.yaml").write_text(f"{WRONG}# changed\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="should fire mine/ban"):
        load_rules([installed], known=lambda _: "")


def test_a_shipped_pack_is_tried_where_all_are(installed: Path) -> None:
    """Who calls `tocsin check` wants to see the examples run."""
    with pytest.raises(ConfigError, match="should fire mine/ban"):
        load_rules([installed])


def test_a_pack_of_ones_own_is_not_as_released(installed: Path, tmp_path: Path) -> None:
    """A copy of a shipped pack is somebody's own, until it ran here."""
    own = tmp_path / "mine"
    own.mkdir()
    (own / "pack.yaml").write_text(WRONG, encoding="utf-8")
    with pytest.raises(ConfigError, match="should fire mine/ban"):
        load_rules([own], known=lambda _: "")
