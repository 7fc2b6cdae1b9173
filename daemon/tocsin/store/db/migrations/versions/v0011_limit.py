"""The first tables: the result of eleven migrations before the first release."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011_limit"
down_revision = None

_TYPES: dict[str, Any] = {
    "number": sa.BigInteger().with_variant(sa.Integer(), "sqlite"),  # of a row; may exceed 32 bits
    "count": sa.Integer(),
    "text": sa.Text(),
    "time": sa.DateTime(timezone=True),
    "flag": sa.Boolean(),
    "float": sa.Float(),
}

# name:type, with `*` for a primary key, `?` where it may be NULL, `>table` for a reference, and `=` before a default.
_TABLES = {
    "source": "id:number* name:text kind:text address:text disabled:flag due_at:time lease_until:time? fence:count "
    "polls:count errors:count unhealthy:flag gone:flag last_error:text last_fault:text? first_polled:time? "
    "last_success:time? document_at:time? etag:text last_modified:text body_hash:text validated_at:time? "
    "host_group:text= reasons:text= habits:text= fetches:text= dead:flag=false",
    "entry": "id:number* source_id:number>source ident:text keys:text title:text summary:text body:text link:text "
    "canonical_link:text publisher:text language:text published:time? published_raw:text labels:text first_seen:time "
    "pruned:flag",
    "entry_key": "id:number* source_id:number>source value:text kind:text title:text last_seen:time",
    "unevaluated": "entry_id:number*>entry rule:text* rule_hash:text program:text error:text at:time baseline:flag "
    "last_success:time?",
    "revision": "id:number* entry_id:number>entry at:time title:text summary:text withdrawn:flag body:text= "
    "met:text={} after:number=0",
    "story": "id:number* event:text opened_at:time last_at:time",
    "story_entry": "story_id:number*>story entry_id:number*>entry title:text canonical_link:text publisher:text "
    "origin:text event_time:time",
    "alert": "id:number* rule:text rule_hash:text rule_position:text title:text event:text severity:text labels:text "
    "key:text story_id:number>story opened_at:time updated_at:time event_time:time note:text detail:text "
    "origins:count=1",
    "answer": "id:number* alert_id:number>alert kind:text at:time by:text until:time? why:text",
    "silence": "id:number* matchers:text starts:time ends:time by:text why:text",
    "match": "id:number* entry_id:number?>entry rule:text rule_hash:text event:text severity:text labels:text "
    "evidence:text? event_time:time detail:text fate:text reason:text story_id:number?>story origin:text "
    "alert_id:number?>alert decided_at:time",
    "standing": "rule:text* key:text* times:text last:time",
    "told": "rule:text* key:text* at:time severity:text",
    "delivery": "id:text* receiver:text recipient:text kind:text rank:count state:text reason:text created_at:time "
    "due_at:time expires_at:time delivered_at:time? lease_until:time? fence:count attempts:count message:text? "
    "resend:count resend_of:text?>delivery wanted_at:time? stands_for:text? silence_id:number?",
    "delivery_alert": "delivery_id:text*>delivery alert_id:number*>alert receiver:text recipient:text telling:count "
    "resend:count news:text=[] overflow:text=",
    "attempt": "delivery_id:text*>delivery n:count* fence:count started_at:time ended_at:time? outcome:text? "
    "code:count? words:text retry_after:float?",
    "transition": "id:number* delivery_id:text>delivery at:time state:text reason:text",
    "receiver": "name:text* failures:count rests:time? refused:text overflowed:time?",
    "kept_pack": "pack:text* hash:text files:text kept_at:time",
    "quote": "instrument:text* at:time* price:text volume:text? currency:text first_seen:time",
    "close": "instrument:text* day:text* at:time price:text volume:text? sigma:float",
    "series": "instrument:text* variance:float moves:count progress:text",
    "price_state": "rule:text* instrument:text* armed:flag? met:count alerted_price:text? alerted_at:time?",
}

_UNIQUE = {
    "source": ("uq_source_name", "name"),
    "entry_key": ("uq_entry_key", "source_id value kind title"),
    "match": ("uq_match_entry_rule", "entry_id rule"),
    "delivery_alert": ("uq_delivery_alert_telling", "alert_id receiver recipient telling resend"),
}

_INDEXES = (
    ("source", "due_at"),
    ("source", "host_group"),
    ("entry", "ident"),
    ("entry", "link"),
    ("entry", "pruned first_seen"),
    ("entry", "source_id"),
    ("entry_key", "source_id last_seen"),
    ("unevaluated", "rule rule_hash"),
    ("revision", "entry_id"),
    ("story", "event last_at"),
    ("story_entry", "entry_id"),
    ("alert", "opened_at"),
    ("alert", "story_id"),
    ("answer", "alert_id"),
    ("silence", "ends"),
    ("match", "alert_id"),
    ("match", "rule event_time"),
    ("standing", "last"),
    ("delivery", "created_at"),
    ("delivery", "state due_at"),
    ("delivery", "stands_for"),
    ("delivery", "silence_id"),
    ("attempt", "started_at"),
    ("transition", "delivery_id"),
    ("quote", "first_seen"),
    ("close", "at"),
)

#: Texts of any length: a tree of PostgreSQL refuses those of more than 2,700 octets, and nothing sorts by them.
_LONG = {("entry", "ident"), ("entry", "link")}


def upgrade() -> None:
    """Make every table with its indexes."""
    for table, columns in _TABLES.items():
        unique = [_UNIQUE[table]] if table in _UNIQUE else []
        op.create_table(
            table,
            *(_column(text) for text in columns.split()),
            *(sa.UniqueConstraint(*names.split(), name=name) for name, names in unique),
        )
    for table, names in _INDEXES:
        how = "hash" if (table, names) in _LONG else None
        op.create_index("_".join(["ix", table, *names.split()]), table, names.split(), postgresql_using=how)
    if op.get_bind().dialect.name == "postgresql":
        # Counts the starts of daemons: one that lost its lock for a while learns whether another one had it. A sequence
        # would not do, because it jumps ahead when its server crashes.
        starts = op.create_table("daemon_start", sa.Column("number", sa.BigInteger(), nullable=False))
        op.bulk_insert(starts, [{"number": 0}])


def _column(text: str) -> sa.Column[Any]:
    name, _, kind = text.partition(":")
    kind, has_default, default = kind.partition("=")
    kind, _, target = kind.partition(">")
    return sa.Column(
        name,
        _TYPES[kind.rstrip("*?")],
        *([sa.ForeignKey(f"{target}.id")] if target else []),
        primary_key=kind.endswith("*"),
        nullable=kind.endswith("?"),
        server_default=(sa.false() if default == "false" else default) if has_default else None,
    )
