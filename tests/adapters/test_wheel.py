"""The program as a wheel, in an empty folder outside the checkout: what pip, pipx and uv install."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """\
rules: [energy]
sources: {wire: {feed: https://example.org/feed}}
instruments: {cny: {class: fx, currency: EUR, sources: [ecb:CNY]}}
receivers: {here: {console: true, operator: true}}
"""
Program = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where pip installed a wheel. Its libraries are those of the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ["build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run([sys.executable, "-m", *build], cwd=folder, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("tocsin-*.whl")
    install = [
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-compile",
        "--target",
        folder / "site",
    ]
    subprocess.run([sys.executable, "-m", *install, wheel], cwd=folder, check=True, capture_output=True, timeout=120)
    return folder / "site"


@pytest.fixture
def program(installed: Path, tmp_path: Path) -> Program:
    """The program of the wheel, called in an empty folder."""
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "PYTHONPATH": os.pathsep.join([str(installed), *libraries]),
    }

    def run(*arguments: str, code: str = "from tocsin.cli import main; main()") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error::SyntaxWarning", "-c", code, *arguments]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120)

    return run


def test_packs_and_presets_are_found_by_name_outside_the_checkout(program: Program, tmp_path: Path) -> None:
    """The documents say `rules: [energy]` to those who have no checkout, too."""
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    done = program("check")
    assert "rules" in done.stderr.splitlines()[-1]
    assert done.returncode == 0, done.stderr


def test_the_configuration_of_the_wheel_is_good(program: Program, installed: Path) -> None:
    """Somebody without a checkout begins with it."""
    done = program("check", "--config", str(installed / "share" / "tocsin" / "config.yaml"))
    assert done.returncode == 0, done.stderr
    assert "rules are good" in done.stdout + done.stderr


#: Prints which packs a daemon would try at its first start.
TRIED = """
from tocsin.config.library import Library
from tocsin.config.shipped import SHIPPED, as_released, pack_names
print([pack.folder.name for pack in Library([SHIPPED / name for name in pack_names()]).packs() if not as_released(pack.files)])
"""


def test_the_packs_of_a_wheel_are_as_released(program: Program) -> None:
    """The record of the files in a wheel is what the first start of the daemon looks at."""
    done = program(code=TRIED)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


def test_an_error_of_the_wheel_says_where_its_packs_are(program: Program, installed: Path, tmp_path: Path) -> None:
    """A path of a checkout or a slip is mended from the message alone."""
    (tmp_path / "config.yaml").write_text(CONFIG.replace("[energy]", "[enrgy]"), encoding="utf-8")
    done = program("check")
    assert done.returncode == 78
    assert f"the shipped ones in {installed}/tocsin/packs (critical-minerals, energy, " in done.stderr
    assert "did you mean energy?" in done.stderr


def test_a_shipped_pack_is_copied_into_an_empty_folder(program: Program, tmp_path: Path) -> None:
    """The copy stands alone: it is read from its own folder, and not from the program's."""
    assert program("packs", "copy", "energy").returncode == 0
    (tmp_path / "config.yaml").write_text(CONFIG.replace("[energy]", "[./energy]"), encoding="utf-8")
    done = program("check")
    assert done.returncode == 0, done.stderr
    assert "is not read" not in done.stderr


def test_a_service_is_made_of_the_wheel_alone(program: Program, tmp_path: Path) -> None:
    """The unit and its user come with the package, wherever that is."""
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    printed = program("service", "print", "--system", "--program", "/opt/tocsin/bin/tocsin")
    assert printed.returncode == 0, printed.stderr
    assert "u tocsin - " in printed.stdout
    assert "ExecStart=/opt/tocsin/bin/tocsin run --config /etc/tocsin/config.yaml" in printed.stdout
