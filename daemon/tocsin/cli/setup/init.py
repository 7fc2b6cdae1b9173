"""`tocsin init`: from nothing to an installation that works, with a few questions."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.common import read_config
from tocsin.cli.notify import notify_test
from tocsin.cli.one_poll import PrivateOption
from tocsin.cli.output import PARTLY, progress, say, shown
from tocsin.cli.setup import questions
from tocsin.cli.setup.finding import Finding, Level, fail
from tocsin.cli.setup.first_files import Answers, files, suggested, write
from tocsin.cli.setup.first_run import seed, would_have_fired
from tocsin.cli.setup.questions import Asker
from tocsin.config.additions import source_name
from tocsin.config.state import default_database
from tocsin.config.values import url_fault
from tocsin.config.yaml.edit import NewSource
from tocsin.errors import TocsinError, UsageError
from tocsin.redaction import masked

FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write into.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: what no option says has its default.")]
ToOption = Annotated[
    str | None, typer.Option("--to", help="Where to send: console, mail, slack, or any address.", show_default=False)
]
UrlOption = Annotated[
    str | None,
    typer.Option("--url", envvar="TOCSIN_SLACK_URL", help="Slack's webhook. A variable is not seen by others."),
]
MailToOption = Annotated[str | None, typer.Option("--mail-to", help="Mail: its readers, with commas.")]
SmtpOption = Annotated[str | None, typer.Option("--smtp", help="Mail: server and port, smtp.example.org:587.")]
TlsOption = Annotated[str | None, typer.Option("--tls", help="Mail: starttls, ssl or none.")]
UserOption = Annotated[
    str | None, typer.Option("--user", help="Mail: who logs in. The password is in TOCSIN_MAIL_PASSWORD.")
]
ZoneOption = Annotated[str | None, typer.Option("--zone", help="The time zone. Default: that of this machine.")]
QuietOption = Annotated[str | None, typer.Option("--quiet", help="Quiet hours: 22:00-07:00, or none.")]
DigestOption = Annotated[str | None, typer.Option("--digest", help="Time of the digest: 07:00, or none.")]
PackOption = Annotated[str | None, typer.Option("--pack", help="Shipped packs, with commas; none is possible.")]
OnlyOption = Annotated[
    str | None, typer.Option("--only", help="Only alerts with one of these labels: mineral=gallium,mineral=tin.")
]
FeedOption = Annotated[
    list[str] | None, typer.Option("--feed", help="A feed in place of the suggested ones. May be repeated.")
]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Write the files only: poll and send nothing.")]


def init(
    folder: FolderArgument = Path(),
    *,
    yes: YesOption = False,
    to: ToOption = None,
    url: UrlOption = None,
    mail_to: MailToOption = None,
    smtp: SmtpOption = None,
    tls: TlsOption = None,
    user: UserOption = None,
    zone: ZoneOption = None,
    quiet: QuietOption = None,
    digest: DigestOption = None,
    pack: PackOption = None,
    only: OnlyOption = None,
    feed: FeedOption = None,
    allow_private: PrivateOption = False,
    offline: OfflineOption = False,
) -> None:
    """Write a configuration into DIR, after a few questions, and try it: sources, rules and receivers.

    Overwrites nothing. Exit code 3: it is written, but something did not work.
    """
    folder = folder.expanduser().resolve()
    if (folder / "config.yaml").exists():
        raise UsageError(f"{folder / 'config.yaml'} is there already, and is left as it is; name another folder")
    if not yes and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask at: add --yes, and --to where messages go")
    ask = Asker(not yes)
    kind, url = _receiver(ask, to, url, (mail_to, smtp, tls, user))
    sends = bool(url)
    _refuse(
        "the console shows all at once; add --to", {} if sends else {"quiet": quiet, "digest": digest, "only": only}
    )
    packs = ask("--pack", "Rule packs", pack, questions.packs_with_rules()[0], questions.read_packs)
    answers = Answers(
        kind=kind,
        url=url,
        zone=ask("--zone", "Time zone", zone, questions.machine_zone(), questions.read_zone),
        quiet=ask("--quiet", "Quiet hours", quiet, "none", questions.read_quiet) if sends else None,
        digest=ask("--digest", "Digest at", digest, "07:00", questions.read_digest) if sends else "",
        packs=packs,
        only=ask("--only", "Only alerts about (such as mineral=gallium)", only, "all", questions.read_only(packs))
        if sends
        else (),
        feeds=_feeds(feed or (), allow_private=allow_private) or suggested(packs),
        database="sqlite:///var/tocsin.db" if default_database(os.environ).exists() else "",
    )
    if not answers.feeds:
        raise UsageError("a configuration needs a source: name one with --feed")
    written = write(files(folder, answers))
    say(f"wrote into {folder}:")
    for path in written:
        say(f"  {path.relative_to(folder)}")
    good = offline or _tried(folder / "config.yaml", kind if sends else "here")
    for line in _next(folder, good=good):
        print(line)
    if not good:
        raise typer.Exit(PARTLY)


def _refuse(why: str, options: Mapping[str, str | None]) -> None:
    """Refuse those of the *options* that are given, because they would have no effect."""
    if given := [f"--{name}" for name, value in options.items() if value is not None]:
        raise UsageError(f"{', '.join(given)} would have no effect: {why}")


def _receiver(ask: Asker, to: str | None, url: str | None, mail: Sequence[str | None]) -> tuple[str, str]:
    """Return the kind of the receiver and its address, which is empty for the console. *mail* is as for `_mail`."""
    kind = ask("--to", "Send to (console, mail, slack, or an address)", to, "console", questions.read_kind)
    if kind == "mail":
        return kind, _mail(ask, mail)
    _refuse("add --to mail", dict(zip(("mail-to", "smtp", "tls", "user"), mail, strict=True)))
    if kind == "console":
        return kind, ""
    if kind == "slack":
        return kind, ask("--url", "Address of the Slack webhook", url, "", questions.read_url)
    return "other", ask("--to", "Address", kind, "", questions.read_url)


def _mail(ask: Asker, given: Sequence[str | None]) -> str:
    """Return the address of the mail receiver. *given* are readers, server, use of TLS and user."""
    readers, smtp, tls, user = given
    people = ask("--mail-to", "Mail address of the reader", readers, "", questions.read_people)
    likely = f"{questions.server_of(people)}:{questions.PORTS.get(tls or '', 587)}"
    server = ask("--smtp", "Mail server and port", smtp, likely, questions.read_server)
    secured = ask("--tls", "TLS (starttls, ssl, none)", tls, questions.tls_of(server[1]), questions.read_tls)
    name = ask("--user", "User who logs in (none: no login)", user, people.split(",")[0], lambda text: text.strip())
    name = "" if name == "none" else name
    password = ask.password(name)
    if name and not password:
        raise UsageError("there is no password: set TOCSIN_MAIL_PASSWORD, or --user none for a server without login")
    return questions.mail_url(people, server, secured, (name, password))


def _feeds(urls: Sequence[str], *, allow_private: bool) -> tuple[NewSource, ...]:
    found: list[NewSource] = []
    for url in urls:
        if fault := url_fault(url):
            raise UsageError(f"--feed {masked(url)}: {fault}")
        name = source_name(url, [one.name for one in found])
        found.append(
            NewSource(name=name, kind="feed", address=url, more={"allow_private": True} if allow_private else {})
        )
    return tuple(found)


def _tried(path: Path, receiver: str) -> bool:
    """Poll the sources, run the rules over the last week and test the *receiver*. Return True if all of it worked."""
    config = read_config(path)
    say("")
    try:
        found = seed(path, config)
        _print(found)
        with progress("running the rules"):
            lines = [*would_have_fired(config)]
        for line in lines:
            say(shown(line))
    except TocsinError as error:
        found = [fail("first look", str(error), "correct it, then: tocsin doctor")]
        _print(found)
    say("")
    return _arrived(path, receiver) and all(finding.level is Level.OK for finding in found)


def _print(found: Sequence[Finding]) -> None:
    for finding in found:
        for line in finding.lines():
            say(line)


def _arrived(path: Path, receiver: str) -> bool:
    """Send a test to the *receiver*. Return True if it arrived."""
    say(f"a test message to {receiver}:")
    try:
        notify_test(receiver, config=path)
    except typer.Exit:
        return False
    return True


def _next(folder: Path, *, good: bool) -> Iterator[str]:
    """Yield the next three commands."""
    yield ""
    where = "" if folder == Path.cwd() else f", in {shlex.quote(str(folder))}"
    yield f"Next{where}:" if good else f"Something did not work, see above. Next{where}:"
    first = "is it right? faults with file, line and remedy" if good else "what is still wrong, with remedies"
    yield f"  tocsin {'check ' if good else 'doctor'}    {first}"
    yield "  tocsin run       watch and notify, until Ctrl-C"
    yield "  tocsin status    in another terminal: does it run, and how"
