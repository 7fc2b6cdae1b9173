"""The programs of bench/peers.py: how each is installed, and configured as its documents advise."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar
from xml.sax.saxutils import quoteattr

from peer_runner import Launch, Runner
from peer_world import MET, Story, World, free_port
from world import PACK as BANS

ROOT = Path(__file__).parents[1]
#: A rule that every made-up story meets, and none of the wordings of the part `story`.
PACK = BANS.replace("bans", MET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What an installation came to; *fault* if it failed."""

    version: str = ""
    seconds: float | None = None
    megabytes: float = 0.0
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a program runs: a folder of its own and the world, whose *sources* it asks every so many seconds."""

    folder: Path
    world: World
    sources: Sequence[str]
    every: float


class Program(ABC):
    """A program that notifies. *advised* is the interval of its documents, *shortest* the least that it can, in seconds."""

    name: ClassVar[str]
    #: What pip installs, if that is not the name.
    packages: ClassVar[tuple[str, ...]] = ()
    advised: ClassVar[str]
    shortest: ClassVar[float]
    #: False if it is told of alerts, and asks nobody.
    polls: ClassVar[bool] = True

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.home = cache / self.name

    def installed(self) -> Installed:
        """Install it, unless it is; return what that came to."""
        record = self.home / "installed.json"
        if record.exists():
            return Installed(**json.loads(record.read_text()))
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        began = time.monotonic()
        try:
            self._install()
            seconds = time.monotonic() - began
            found = Installed(version=self.version(), seconds=seconds, megabytes=_megabytes(self.home))
        except subprocess.CalledProcessError as error:
            words = (error.stderr or "").strip().splitlines() or ["no reason given"]
            return Installed(fault=f"cannot be installed: {words[-1]}")
        except OSError as error:
            return Installed(fault=f"cannot be installed: {error}")
        record.write_text(json.dumps(asdict(found)))
        return found

    def _install(self) -> None:
        _said(sys.executable, "-m", "venv", str(self.home))
        pip = ("python", "-m", "pip", "install", "-q", "--disable-pip-version-check")
        _said(*self.bin(*pip, *(self.packages or (self.name,))))

    def version(self) -> str:
        words = f"from importlib.metadata import version; print(version({self.name!r}))"
        return _said(*self.bin("python", "-c", words))

    def bin(self, command: str, *words: str) -> list[str]:
        return [str(self.home / "bin" / command), *words]

    @abstractmethod
    def prepare(self, place: Place) -> Launch:
        """Configure it in *place*, with what its first run must do before."""


class Tocsin(Program):
    """This checkout; a fresh installation is only measured. Its rules are a shipped pack and one that every story meets."""

    name, packages = "tocsin", ("-c", str(ROOT / "constraints.txt"), str(ROOT))
    advised, shortest = "its own rhythm, 5 min to 1 h", 1.0

    def prepare(self, place: Place) -> Launch:
        (place.folder / "rules").mkdir()
        (place.folder / "rules" / "rules.yaml").write_text(PACK)
        mail = f"mailto://127.0.0.1:{place.world.smtp}?from=bell@example.org&to=desk@example.org&mode=insecure"
        lines = ["timezone: UTC", "database: sqlite:///tocsin.db", "rules: [critical-minerals, ./rules]"]
        lines += [f"web: {{listen: '127.0.0.1:{free_port()}'}}", "sources:"]
        lines += [
            f'  f{n}: {{feed: "{url}", every: {place.every:g}s, allow_private: true}}'
            for n, url in enumerate(place.sources)
        ]
        lines += ["receivers:", f'  desk: {{url: "{mail}", rate: 6000}}', "routes: [{to: [desk]}]", ""]
        (place.folder / "config.yaml").write_text("\n".join(lines))
        command = (sys.executable, "-c", "from tocsin.cli import main; main()", "run", "--config", "config.yaml")
        return Launch(command=command, folder=place.folder, env={"PYTHONPATH": str(ROOT / "daemon")})


class Rss2email(Program):
    """A timer runs it; the first run sends nothing, as the README says."""

    name, advised, shortest = "rss2email", "a timer, such as once a night", 1.0

    def prepare(self, place: Place) -> Launch:
        world, files = place.world, ("-c", "r2e.cfg", "-d", "r2e.json")
        (place.folder / "r2e.cfg").write_text(
            "[DEFAULT]\nfrom = bell@example.org\nto = desk@example.org\nemail-protocol = smtp\n"
            f"smtp-server = 127.0.0.1\nsmtp-port = {world.smtp}\nsmtp-auth = False\n"
        )
        lines = "".join(f'<outline type="rss" text="f{n}" xmlUrl={quoteattr(u)}/>' for n, u in enumerate(place.sources))
        (place.folder / "feeds.opml").write_text(f'<opml version="1.0"><head/><body>{lines}</body></opml>')
        run = self.bin("r2e", *files)
        Launch(command=[*run, "opmlimport", "feeds.opml"], folder=place.folder).once()
        Launch(command=[*run, "run", "--no-send"], folder=place.folder).once()
        return Launch(command=[*run, "run"], folder=place.folder, again=place.every)


class Webchanges(Program):
    """A timer runs it. Of a feed the headlines are compared, and new lines are sent."""

    name, advised, shortest = "webchanges", "a timer; its documents name no interval", 1.0

    def prepare(self, place: Place) -> Launch:
        jobs = [
            {"name": f"f{n}", "url": url, "additions_only": True, "filters": [{"xpath": {
                "method": "xml", "path": "//item/title/text()"}}]}
            for n, url in enumerate(place.sources)
        ]  # fmt: skip
        (place.folder / "jobs.yaml").write_text("\n---\n".join(map(json.dumps, jobs)) + "\n")
        smtp = {"host": "127.0.0.1", "port": place.world.smtp, "starttls": False, "auth": False}
        mail = {"enabled": True, "from": "bell@example.org", "to": "desk@example.org", "method": "smtp", "smtp": smtp}
        config = {"report": {"email": mail, "stdout": {"enabled": False}}}
        (place.folder / "config.yaml").write_text(json.dumps(config))
        files = ("--jobs", "jobs.yaml", "--config", "config.yaml", "--database", "snapshots.db", "--hooks", "hooks.py")
        command = self.bin("webchanges", *files)
        Launch(command=command, folder=place.folder).once()
        return Launch(command=command, folder=place.folder, again=place.every)


class ReaderScript(Program):
    """bench/peer_reader.py, a script of some twenty lines on a library."""

    # Its copy of feedparser imports a module that the feedparser of today does not bring.
    name, packages = "reader", ("reader", "sgmllib3k")
    advised, shortest = "1 h, and a script may choose", 1.0

    def prepare(self, place: Place) -> Launch:
        (place.folder / "feeds").write_text("\n".join(place.sources))
        script = str(Path(__file__).with_name("peer_reader.py"))
        words = (script, str(place.folder), str(place.world.smtp), f"{place.every:g}")
        return Launch(command=self.bin("python", *words), folder=place.folder)


class ChangeDetection(Program):
    """A service with a page and an API, by which the feeds are added; of a change the new lines are sent."""

    name, advised, shortest = "changedetection.io", "3 h", 3.0

    def prepare(self, place: Place) -> Launch:
        port = free_port()
        env = {
            "ALLOW_IANA_RESTRICTED_ADDRESSES": "true", "DISABLE_VERSION_CHECK": "true", "LOGGER_LEVEL": "WARNING",
        }  # fmt: skip
        command = self.bin(
            "changedetection.io", "-d", str(place.folder / "data"), "-C", "-h", "127.0.0.1", "-p", str(port)
        )
        mail = f"mailto://127.0.0.1:{place.world.smtp}/?from=bell@example.org&to=desk@example.org"
        settings = {
            "time_between_check_use_default": False,
            "time_between_check": {"seconds": max(int(place.every), 1)},
            "notification_urls": [mail],
            "notification_title": "{{watch_url}} had a change",
            "notification_body": "{{diff_added}}",
            "notification_format": "text",
        }
        # A first feed on the command line, so that it does not add examples that are out in the world.
        first = [*command, "-u", place.sources[0], "-u0", json.dumps(settings)]
        with Runner(Launch(command=first, folder=place.folder, env=env)):
            key = _within(60, lambda: _key(place.folder / "data" / "changedetection.json"))
            address = f"http://127.0.0.1:{port}/api/v1/watch"
            for url in place.sources[1:]:
                _within(60, lambda url=url: _post(address, {"url": url, **settings}, {"x-api-key": key}))
            time.sleep(2)
        return Launch(command=command, folder=place.folder, env=env)


class Alertmanager(Program):
    """Debian's package. Alerts are pushed, and again every 30 s as its documents say, or oftener at its shortest.

    At the shortest interval each story is a group of its own; at the advised one, a group is all news.
    """

    name, advised, shortest, polls = "Alertmanager", "30 s for a new group, 5 min for its news", 1.0, False
    _command = "prometheus-alertmanager"

    def installed(self) -> Installed:
        if not shutil.which(self._command):
            return Installed(fault=f"not installed: apt-get install {self._command}")
        version, size = _said("dpkg-query", "-W", "-f", "${Version} ${Installed-Size}", self._command).split()
        return Installed(version=version.partition("-")[0], megabytes=int(size) * 1024 / 1e6)

    def prepare(self, place: Place) -> Launch:
        port, quick = free_port(), place.every < 30
        times = ("0s", "1s") if quick else ("30s", "5m")
        config = {
            "global": {
                "smtp_smarthost": f"127.0.0.1:{place.world.smtp}",
                "smtp_from": "bell@example.org",
                "smtp_require_tls": False,
            },
            "route": {
                "receiver": "desk",
                "group_by": ["..." if quick else "alertname"],
                "group_wait": times[0],
                "group_interval": times[1],
            },
            "receivers": [{"name": "desk", "email_configs": [{"to": "desk@example.org"}]}],
        }
        (place.folder / "alertmanager.yml").write_text(json.dumps(config))
        pusher = _Pusher(f"http://127.0.0.1:{port}/api/v2/alerts", 5 if quick else 30, place.world.ended)
        place.world.listeners.append(pusher.push)
        command = (
            self._command, "--config.file=alertmanager.yml", f"--storage.path={place.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
        )  # fmt: skip
        return Launch(command=command, folder=place.folder)


class _Pusher:
    """Pushes alerts, and all of them again every *again* seconds until the world has *ended*, since they are active."""

    def __init__(self, address: str, again: float, ended: threading.Event) -> None:
        self._address, self._again, self._ended = address, again, ended
        self._alerts: list[dict[str, Any]] = []
        threading.Thread(target=self._repeat, daemon=True).start()

    def push(self, story: Story) -> None:
        self._alerts.append({
            "labels": {"alertname": "News", "story": story.mark},
            "annotations": {"summary": story.title},
        })  # fmt: skip
        self._post(self._alerts[-1:])

    def _repeat(self) -> None:
        while not self._ended.wait(self._again):
            self._post(list(self._alerts))

    def _post(self, alerts: list[dict[str, Any]]) -> None:
        if alerts:
            _post(self._address, alerts, {})


PROGRAMS: tuple[type[Program], ...] = (Tocsin, Rss2email, Webchanges, ReaderScript, ChangeDetection, Alertmanager)


def _said(*command: str, cwd: Path | None = None) -> str:
    """Run a command and return what it prints."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=1200, check=True)
    return done.stdout.strip()


def _megabytes(folder: Path) -> float:
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*")) / 1e6


def _key(path: Path) -> str:
    """Return the key of the API that a started changedetection.io has made; empty before."""
    with suppress(OSError, ValueError, KeyError):
        return str(json.loads(path.read_text())["settings"]["application"]["api_access_token"] or "")
    return ""


def _post(address: str, value: object, headers: dict[str, str]) -> bool:
    """Post JSON; return True if it was taken."""
    headers = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(address, json.dumps(value).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=5):
            return True
    except (OSError, urllib.error.URLError):
        return False


def _within(seconds: float, ask: Any) -> Any:
    """Ask until the answer is something."""
    end = time.monotonic() + seconds
    while not (found := ask()):
        if time.monotonic() > end:
            raise TimeoutError("no answer in time")
        time.sleep(0.1)
    return found
