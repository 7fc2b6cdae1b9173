"""`tocsin silences`: silence matching alerts until a set time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ByOption, ConfigOption, ForOption, JsonOption, WhyOption
from tocsin.cli.opening import opened
from tocsin.cli.output import dump, listing, local, say, say_zone, shown
from tocsin.policy.notifying.silence import Silence, upcoming
from tocsin.units import counted

app = typer.Typer(help="Silence matching alerts until a set time.", no_args_is_help=True)

MatchersArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="MATCHER...", help="All must be true: mineral=lithium, rule=ban, event=price, severity<=low."
    ),
]
UntilOption = Annotated[str, typer.Option("--until", help="Until when: 2026-03-02T18:00, in the configured time zone.")]
PreviewOption = Annotated[bool, typer.Option("--preview", help="Show what it would hide, and write nothing.")]
AllOption = Annotated[bool, typer.Option("--all", help="Include those that have ended.")]
#: Span of the past that a preview looks at.
_BACK = timedelta(days=7)
_MOST = 1000


@app.command("add")
def add(
    matchers: MatchersArgument,
    length: ForOption = "",
    until: UntilOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    why: WhyOption = "",
    by: ByOption = "",
    preview: PreviewOption = False,
    json: JsonOption = False,
) -> None:
    """Suppress messages about alerts that match all matchers, until a set time.

    It applies when a message is about to be sent, so also to messages that already wait. The match, its alert and the
    reason stay on record. One of --for and --until is required.
    """
    # Only a new silence is checked against the rules, which take longer to import than all else here.
    from tocsin.cli.rule_packs import read_rules  # noqa: PLC0415
    from tocsin.config.silences import check_silence, read_end, read_matchers  # noqa: PLC0415
    from tocsin.config.vocabulary import vocabulary  # noqa: PLC0415

    with opened(config) as (settings, store):
        now, zone = datetime.now(UTC), settings.zone
        read, ends = read_matchers(matchers), read_end(length, until, now, zone)
        wanted = Silence(id=0, matchers=read, starts=now, ends=ends, by=by, why=why)
        before = store.read.alerts(now - _BACK, _MOST)
        check_silence(wanted, vocabulary(settings, read_rules(settings, store.read.kept_pack), before))
        hidden = [alert for alert in before if wanted.hides(alert)]
        if preview:
            for alert in hidden:
                if json:
                    dump(alert)
                else:
                    print(
                        f"{alert.id:>6}  {local(alert.opened_at, zone)}  {alert.severity.upper():<8}  {shown(alert.title)}"
                    )
            alerts = counted(len(hidden), "alert")
            if hidden and not json:
                say_zone(zone)
            say(f"It would have hidden {alerts} of the last 7 days; nothing was written.")
            return
        silence = store.act.silence(read, now, ends, by=by, why=why)
        if json:
            dump(silence)
            return
        alerts = counted(len(hidden), "alert")
        say(
            f"Silence {silence.id} until {local(ends, zone)} ({zone.key}); of the last 7 days it would have hidden {alerts}."
        )


@app.command("list")
def list_silences(
    config: ConfigOption = DEFAULT_CONFIG, *, everything: AllOption = False, json: JsonOption = False
) -> None:
    """List the silences that have not ended, and when those of the configuration begin next."""
    with opened(config) as (settings, store):
        now, zone = datetime.now(UTC), settings.zone
        known = store.read.silences()
        found = [*upcoming(settings.silences, known, now), *(one for one in known if everything or one.ends > now)]
        listing(
            found,
            {
                "id": lambda s: s.id or "-",
                "matchers": lambda s: " ".join(matcher.text for matcher in s.matchers),
                "since": lambda s: local(s.starts, zone),
                "until": lambda s: local(s.ends, zone),
                "by": lambda s: f"{s.by}: {s.during}" if s.during else s.by,
                "why": lambda s: s.why,
            },
            json=json,
            empty="There are no silences.",
            zone=zone,
        )


@app.command("end")
def end(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Its number in `silences list`.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """End a silence now. What it suppressed is sent, unless it has expired; `tocsin deliveries resend` sends that too."""
    with opened(config) as (_, store):
        silence = store.act.end_silence(number, datetime.now(UTC))
        say(f"Silence {silence.id} has ended.")
