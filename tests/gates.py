"""Every gate of the project, in one command: the format, the linter, the types, the imports, the tests and their coverage.

    gates.py            every gate (`make test`)
    gates.py --quick    format, lint, types and the unit tests that are quick, without coverage (`make quick`)

Run it with the environment's own Python. Stops at the first gate that fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
#: The rooms that decide; what they leave uncovered is a decision.
PURE = "*/tocsin/errors.py,*/tocsin/hints.py,*/tocsin/model/*,*/tocsin/market/*,*/tocsin/log.py,*/tocsin/text/*,*/tocsin/rules/*,*/tocsin/policy/*,*/tocsin/render/*,*/tocsin/explain/*"


#: Memory that may hold the files of the tests, and the octets that must be free in it.
MEMORY, ENOUGH = Path("/dev/shm"), 2 * 2**30

STATIC = [
    ("format", [BIN / "ruff", "format", "--check", "--quiet", "."]),
    ("lint", [BIN / "ruff", "check", "--quiet", "."]),
    ("types", [BIN / "mypy"]),
]
#: A test without coverage measures work, or tries hundreds of texts: see CONTRIBUTING.md.
QUICK = [*STATIC, ("quick tests", [BIN / "pytest", "-n", "2", "-m", "not no_cover", ROOT / "tests" / "unit"])]
ALL = [
    *STATIC,
    ("imports", [BIN / "lint-imports", "--no-logo"]),
    ("tests", [BIN / "pytest", "-n", "3", "--dist", "worksteal", "--cov", "--cov-report="]),
    ("coverage of the pure rooms", [BIN / "coverage", "report", "--fail-under=95", f"--include={PURE}"]),
    ("coverage", [BIN / "coverage", "report", "--fail-under=90", "--format=total"]),
]


def main() -> int:
    """Run the gates; the exit status of the first that fails, else 0."""
    started = time.monotonic()
    quick = sys.argv[1:] == ["--quick"]
    with _quick_processes():
        for name, command in QUICK if quick else ALL:
            if not _passes(name, [str(part) for part in command]):
                return 1
    print(f"all gates passed in {time.monotonic() - started:.0f} s", flush=True)
    return 0


@contextmanager
def _quick_processes() -> Iterator[None]:
    """Let what the gates start wait for neither a compiler nor a disk.

    A process that a test starts finds the program compiled, and the databases of tests lie in memory: each commit waits
    for the disk, and no test pulls the plug.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ENOUGH:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="tocsin-tests-", dir=MEMORY) as folder:
        # A server that refuses to run as root has its files below.
        Path(folder).chmod(0o711)
        os.environ["TMPDIR"] = folder
        try:
            yield
        finally:
            del os.environ["TMPDIR"]


def _passes(name: str, command: list[str]) -> bool:
    print(f"== {name}", flush=True)
    began = time.monotonic()
    status = subprocess.run(command, cwd=ROOT, check=False).returncode
    print(f"== {name}: {'ok' if status == 0 else f'FAILED ({status})'} in {time.monotonic() - began:.0f} s", flush=True)
    return status == 0


if __name__ == "__main__":
    sys.exit(main())
