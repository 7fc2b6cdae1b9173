"""`tocsin alerts`: the alerts, their evidence, and people's answers to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from tocsin.cli.common import (
    DEFAULT_CONFIG,
    ByOption,
    ConfigOption,
    ForOption,
    JsonOption,
    LimitOption,
    SinceOption,
    WhyOption,
    read_label,
)
from tocsin.cli.input_files import read_since, read_span
from tocsin.cli.opening import opened
from tocsin.cli.output import dump, listing, local, print_line, say, say_zone, shown
from tocsin.errors import UsageError
from tocsin.model.alerts import Answered, AnswerKind
from tocsin.model.records import AlertDetail
from tocsin.render.objects import plain
from tocsin.render.reasons import in_words, in_zone
from tocsin.store.views import Which, Withheld
from tocsin.units import written

app = typer.Typer(help="List and explain alerts, and answer them.", no_args_is_help=True)

RuleOption = Annotated[str, typer.Option("--rule", help="Only those of this rule or pack.")]
LabelOption = Annotated[
    list[str] | None, typer.Option("--label", help="Only those with this label (mineral=gallium). May be repeated.")
]
UnackedOption = Annotated[bool, typer.Option("--unacked", help="Only those that nobody has answered yet.")]
HeldOption = Annotated[bool, typer.Option("--held", help="Only held ones: for whom, until when and why.")]
SuppressedOption = Annotated[bool, typer.Option("--suppressed", help="Only those never sent: to whom and why.")]
NumberArgument = Annotated[str, typer.Argument(metavar="ID", help="The short number of an alert, such as 12.")]
NumbersArgument = Annotated[list[str], typer.Argument(metavar="ID...", help="The short numbers of alerts: 12 13.")]


@app.command("list")
def list_alerts(
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    limit: LimitOption = 50,
    since: SinceOption = None,
    rule: RuleOption = "",
    label: LabelOption = None,
    unacked: UnackedOption = False,
    held: HeldOption = False,
    suppressed: SuppressedOption = False,
    json: JsonOption = False,
) -> None:
    """List the newest alerts."""
    with opened(config) as (settings, store):
        now = datetime.now(UTC)
        if held or suppressed:
            if rule or label or unacked or (held and (suppressed or since)):
                raise UsageError("--held takes no other filter, and --suppressed only --since")
            withheld = store.read.held(limit) if held else store.read.suppressed(read_since(since, now), limit)
            _print_withheld(withheld, settings.zone, held=held, json=json)
            return
        which = Which(rule=rule, labels=tuple(map(read_label, label or ())), unseen=unacked)
        alerts = store.read.alerts(read_since(since, now), limit, which)
        answered = store.read.answered([alert.id for alert in alerts])
        said = {alert.id: answered.get(alert.id, Answered()) for alert in alerts}
        zone = settings.zone
        filtered = since or rule or label or unacked
        listing(
            alerts,
            {
                "id": lambda a: a.id,
                "opened": lambda a: local(a.opened_at, zone),
                "severity": lambda a: a.severity,
                "alert": lambda a: a.title,
                "labels": lambda a: written(a.labels),
                "rule": lambda a: a.rule,
                "answer": lambda a: _brief(said[a.id], now),
            },
            json=json,
            empty="No alert matches; see: tocsin alerts list" if filtered else "No alerts yet.",
            zone=zone,
            more=lambda a: {"answered": plain(said[a.id])},
        )


def _print_withheld(found: Sequence[Withheld], zone: ZoneInfo, *, held: bool, json: bool) -> None:
    listing(
        found,
        {
            "id": lambda w: "" if w.alert_id is None else w.alert_id,
            "until" if held else "decided": lambda w: local(w.until or w.at, zone),
            "severity": lambda w: w.severity,
            "alert": lambda w: w.title,
            "receiver": lambda w: f"{w.receiver} {w.recipient}".strip(),
            "state": lambda w: w.state,
            "why": lambda w: in_words(w.reason, zone),
        },
        json=json,
        empty="Nothing waits." if held else "Nothing was suppressed.",
        zone=zone,
    )


@app.command("show")
def show_alert(number: NumberArgument, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Show one alert: its evidence, its coverage, its deliveries and its answers."""
    with opened(config) as (settings, store):
        detail = store.read.alert(_number(number))
        if detail is None:
            raise UsageError(f"there is no alert {_number(number)}; see: tocsin alerts list")
        if json:
            dump(detail)
            return
        # Only this command looks ahead.
        from tocsin.config.reminders import following  # noqa: PLC0415

        _print(detail, settings.zone, following(settings, store.read, detail, datetime.now(UTC)))


@app.command("ack")
def acknowledge(numbers: NumbersArgument, by: ByOption = "", config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Mark alerts as seen. Reminders and confirmations are no longer sent, but anything that makes one worse or wider still is."""
    _answer(
        config,
        numbers,
        AnswerKind.ACK,
        "is seen: reminders and confirmations are no longer sent, real news about it still is",
        by=by,
    )


@app.command("snooze")
def snooze(
    numbers: NumbersArgument, length: ForOption, by: ByOption = "", config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """Hold updates to alerts for a time, and send them at its end."""
    span = read_span(length, "--for")
    if not span:
        raise UsageError("--for must be more than zero, such as 30m, 4h or 2d")
    _answer(config, numbers, AnswerKind.SNOOZE, "is snoozed until {until}: updates are sent then", by=by, span=span)


@app.command("useful")
def call_useful(
    numbers: NumbersArgument, why: WhyOption = "", by: ByOption = "", config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """Mark alerts as useful. `tocsin rules` counts these marks and makes tests from them."""
    _answer(config, numbers, AnswerKind.USEFUL, "was useful", by=by, why=why)


@app.command("noise")
def call_noise(
    numbers: NumbersArgument, why: WhyOption = "", by: ByOption = "", config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """Mark alerts as noise. `tocsin rules` counts these marks and makes tests from them."""
    words = "was noise; to see why the rule matched: tocsin alerts show {number}"
    _answer(config, numbers, AnswerKind.NOISE, words, by=by, why=why)


def _answer(
    config: ConfigOption,
    given: list[str],
    kind: AnswerKind,
    words: str,
    *,
    by: str,
    why: str = "",
    span: timedelta | None = None,
) -> None:
    """Store an answer to each alert, and print its effect on stderr."""
    numbers = [_number(one) for one in given]
    with opened(config) as (settings, store):
        now, zone = datetime.now(UTC), settings.zone
        until = None if span is None else now + span
        store.act.answer(numbers, kind, now, by=by, until=until, why=why)
        for number in numbers:
            said = words.format(number=number, until=local(until, zone) + f" ({zone.key})")
            say(f"Alert {number} {said}.")


def _number(text: str) -> int:
    """Return the number of an alert as people type it, `12` or `#12`.

    Raises:
        UsageError: *text* is not a number of an alert.
    """
    digits = text.removeprefix("#")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 18:
        raise UsageError(
            f"{shown(text)!r} is not an alert: alerts have short numbers such as 12; see: tocsin alerts list"
        )
    return int(digits)


def _brief(answered: Answered, now: datetime) -> str:
    """Return the answers to an alert in a word or two."""
    rests = answered.snoozed_until is not None and answered.snoozed_until > now
    words = [answered.verdict or ("seen" if answered.acked_at else ""), "snoozed" if rests else ""]
    return ", ".join(filter(None, words))


def _print(detail: AlertDetail, zone: ZoneInfo, following: str) -> None:
    # Lists do without rules and trees.
    from tocsin.cli.tree import console, tree  # noqa: PLC0415
    from tocsin.explain.dates import what  # noqa: PLC0415
    from tocsin.explain.decision import revision  # noqa: PLC0415

    alert, lead = detail.content.alert, detail.content.lead
    print_line(f"{alert.severity.upper()} {alert.title}  ({alert.rule}, {alert.rule_position})")
    if lead:
        print_line(f"  {lead.title}")
        print_line(f"  {lead.link}")
        if lead.revised:
            print_line(f"  {revision(lead.revised, zone)}")
    times = (f"event {local(alert.event_time, zone)}", f"opened {local(alert.opened_at, zone)}")
    print_line(f"  {', '.join(filter(None, (*times, written(alert.labels))))}")
    if alert.over_at:
        print_line(f"  over since {local(alert.over_at, zone)}")
    for line in _said(detail.answered, zone):
        print_line(f"  {line}")
    for one in detail.dates:
        print_line(f"  {one.day} {what(one)} ({one.state}, date {one.id}): “{one.words}”")
    for member in detail.members:
        said = member.title or in_zone(member.detail, zone)
        source = f" [{member.source}]" if member.source else ""
        print_line(f"  {member.fate}: {said}{source} {in_words(member.reason, zone)}")
    for delivery in detail.deliveries:
        reason = in_words(delivery.reason, zone)
        print_line(
            f"  {delivery.state} to {delivery.receiver} {delivery.recipient} {reason} ({delivery.kind}, {delivery.id})"
        )
    if following:
        print_line(f"  next, if nobody answers: {following}")
    if detail.content.evidence:
        texts = {name: getattr(lead, name) for name in ("title", "summary", "body")} if lead else {}
        console().print(tree(detail.content.evidence, texts, zone))
    say_zone(zone)


def _said(answered: Answered, zone: ZoneInfo) -> list[str]:
    """Return the answers to an alert, one per line."""
    by = {name: f" by {name}" if name else "" for name in (answered.acked_by, answered.snoozed_by, answered.judged_by)}
    why = f": {answered.why}" if answered.why else ""
    seen, snoozed, judged = answered.acked_at, answered.snoozed_until, answered.judged_at
    lines = [f"seen {local(seen, zone)}{by[answered.acked_by]}"] if seen else []
    lines += [f"snoozed until {local(snoozed, zone)}{by[answered.snoozed_by]}"] if snoozed else []
    return lines + ([f"called {answered.verdict} {local(judged, zone)}{by[answered.judged_by]}{why}"] if judged else [])
