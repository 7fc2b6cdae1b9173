"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make every table."""
    _sources_and_entries()
    _stories_and_alerts()
    _deliveries()


def _sources_and_entries() -> None:
    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("lease_until", TIME),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("polls", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("unhealthy", sa.Boolean(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("last_error", TEXT, nullable=False),
        sa.Column("last_fault", TEXT),
        sa.Column("first_polled", TIME),
        sa.Column("last_success", TIME),
        sa.Column("document_at", TIME),
        sa.Column("etag", TEXT, nullable=False),
        sa.Column("last_modified", TEXT, nullable=False),
        sa.Column("body_hash", TEXT, nullable=False),
        sa.Column("validated_at", TIME),
        sa.UniqueConstraint("name", name="uq_source_name"),
    )
    op.create_index("ix_source_due_at", "source", ["due_at"])
    op.create_table(
        "entry",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("source_id", sa.Integer(), sa.ForeignKey("source.id"), nullable=False),
        sa.Column("ident", TEXT, nullable=False),
        sa.Column("keys", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("summary", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("link", TEXT, nullable=False),
        sa.Column("canonical_link", TEXT, nullable=False),
        sa.Column("publisher", TEXT, nullable=False),
        sa.Column("language", TEXT, nullable=False),
        sa.Column("published", TIME),
        sa.Column("published_raw", TEXT, nullable=False),
        sa.Column("labels", TEXT, nullable=False),
        sa.Column("first_seen", TIME, nullable=False),
        sa.Column("pruned", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_entry_ident", "entry", ["ident"])
    op.create_index("ix_entry_link", "entry", ["link"])
    op.create_index("ix_entry_pruned_first_seen", "entry", ["pruned", "first_seen"])
    op.create_index("ix_entry_source_id", "entry", ["source_id"])
    op.create_table(
        "entry_key",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("source_id", sa.Integer(), sa.ForeignKey("source.id"), nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("last_seen", TIME, nullable=False),
        sa.UniqueConstraint("source_id", "value", "kind", "title", name="uq_entry_key"),
    )
    op.create_index("ix_entry_key_source_id_last_seen", "entry_key", ["source_id", "last_seen"])
    op.create_table(
        "unevaluated",
        sa.Column("entry_id", sa.Integer(), sa.ForeignKey("entry.id"), primary_key=True),
        sa.Column("rule", TEXT, primary_key=True),
        sa.Column("rule_hash", TEXT, nullable=False),
        sa.Column("program", TEXT, nullable=False),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("baseline", sa.Boolean(), nullable=False),
        sa.Column("last_success", TIME),
    )
    op.create_index("ix_unevaluated_rule_rule_hash", "unevaluated", ["rule", "rule_hash"])


def _stories_and_alerts() -> None:
    op.create_table(
        "story",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("last_at", TIME, nullable=False),
    )
    op.create_index("ix_story_event_last_at", "story", ["event", "last_at"])
    op.create_table(
        "story_entry",
        sa.Column("story_id", sa.Integer(), sa.ForeignKey("story.id"), primary_key=True),
        sa.Column("entry_id", sa.Integer(), sa.ForeignKey("entry.id"), primary_key=True),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("canonical_link", TEXT, nullable=False),
        sa.Column("publisher", TEXT, nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("event_time", TIME, nullable=False),
    )
    op.create_index("ix_story_entry_entry_id", "story_entry", ["entry_id"])
    op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("rule_hash", TEXT, nullable=False),
        sa.Column("rule_position", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("labels", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("story_id", sa.Integer(), sa.ForeignKey("story.id"), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("event_time", TIME, nullable=False),
        sa.Column("note", TEXT, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
    )
    op.create_index("ix_alert_opened_at", "alert", ["opened_at"])
    op.create_index("ix_alert_story_id", "alert", ["story_id"])
    op.create_table(
        "match",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("entry_id", sa.Integer(), sa.ForeignKey("entry.id")),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("rule_hash", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("labels", TEXT, nullable=False),
        sa.Column("evidence", TEXT),
        sa.Column("event_time", TIME, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
        sa.Column("fate", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("story_id", sa.Integer(), sa.ForeignKey("story.id")),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("alert_id", sa.Integer(), sa.ForeignKey("alert.id")),
        sa.Column("decided_at", TIME, nullable=False),
        sa.UniqueConstraint("entry_id", "rule", name="uq_match_entry_rule"),
    )
    op.create_index("ix_match_alert_id", "match", ["alert_id"])
    op.create_table(
        "told",
        sa.Column("rule", TEXT, primary_key=True),
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("severity", TEXT, nullable=False),
    )


def _deliveries() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("receiver", TEXT, nullable=False),
        sa.Column("recipient", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("delivered_at", TIME),
        sa.Column("lease_until", TIME),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("message", TEXT),
        sa.Column("resend", sa.Integer(), nullable=False),
        sa.Column("resend_of", TEXT, sa.ForeignKey("delivery.id")),
    )
    op.create_index("ix_delivery_created_at", "delivery", ["created_at"])
    op.create_index("ix_delivery_state_due_at", "delivery", ["state", "due_at"])
    op.create_table(
        "delivery_alert",
        sa.Column("delivery_id", TEXT, sa.ForeignKey("delivery.id"), primary_key=True),
        sa.Column("alert_id", sa.Integer(), sa.ForeignKey("alert.id"), primary_key=True),
        sa.Column("receiver", TEXT, nullable=False),
        sa.Column("recipient", TEXT, nullable=False),
        sa.Column("telling", sa.Integer(), nullable=False),
        sa.Column("resend", sa.Integer(), nullable=False),
        sa.UniqueConstraint("alert_id", "receiver", "recipient", "telling", "resend", name="uq_delivery_alert_telling"),
    )
    op.create_table(
        "attempt",
        sa.Column("delivery_id", TEXT, sa.ForeignKey("delivery.id"), primary_key=True),
        sa.Column("n", sa.Integer(), primary_key=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.Column("outcome", TEXT),
        sa.Column("code", sa.Integer()),
        sa.Column("words", TEXT, nullable=False),
        sa.Column("retry_after", sa.Float()),
    )
    op.create_table(
        "transition",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("delivery_id", TEXT, sa.ForeignKey("delivery.id"), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
    )
    op.create_index("ix_transition_delivery_id", "transition", ["delivery_id"])
    op.create_table(
        "kept_pack",
        sa.Column("pack", TEXT, primary_key=True),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("files", TEXT, nullable=False),
        sa.Column("kept_at", TIME, nullable=False),
    )
