"""All tables of the first version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    _make_looks()
    _make_cases()
    _make_outbox()


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _double(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Double, nullable=False) for name in names]


def _whole(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer, nullable=False) for name in names]


def _json(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.JSON, nullable=False) for name in names]


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=f"fk_{table}_{column}")


def _make_looks() -> None:
    op.create_table(
        "looks",
        *_text("look_id", "source_id", "source_kind"),
        *_double("started_s", "ended_s"),
        *_whole("frames_examined"),
        sa.Column("drill", sa.Boolean, nullable=False),
        *_double("filed_s"),
        sa.PrimaryKeyConstraint("look_id", name="pk_looks"),
    )
    op.create_table(
        "drops",
        *_whole("drop_id"),
        *_text("look_id"),
        *_whole("track_id"),
        *_text("offence", "reason", "detail"),
        *_double("at_s"),
        sa.Column("lat_deg", sa.Double, nullable=True),
        sa.Column("lon_deg", sa.Double, nullable=True),
        *_double("score"),
        sa.PrimaryKeyConstraint("drop_id", name="pk_drops"),
        _refers("drops", "look_id", "looks.look_id"),
    )
    op.create_index("ix_drops_look_id", "drops", ["look_id"])
    op.create_table(
        "frame_faults",
        *_whole("fault_id"),
        *_text("look_id"),
        *_double("pts_s"),
        *_text("code", "message"),
        sa.PrimaryKeyConstraint("fault_id", name="pk_frame_faults"),
        _refers("frame_faults", "look_id", "looks.look_id"),
    )
    op.create_index("ix_frame_faults_look_id", "frame_faults", ["look_id"])


def _make_cases() -> None:
    op.create_table(
        "cases",
        *_text("case_id", "offence", "state", "grade"),
        sa.Column("drill", sa.Boolean, nullable=False),
        *_double("first_s", "last_s"),
        *_json("fix"),
        sa.PrimaryKeyConstraint("case_id", name="pk_cases"),
    )
    op.create_index("ix_cases_offence_last_s", "cases", ["offence", "last_s"])
    op.create_table(
        "findings",
        *_text("finding_id", "case_id", "look_id", "source_id", "source_kind", "offence"),
        *_double("first_s", "last_s"),
        *_json("fix", "why"),
        *_double("merge_distance_m", "merge_window_s"),
        *_text("manifest_sha256"),
        *_json("items"),
        sa.PrimaryKeyConstraint("finding_id", name="pk_findings"),
        _refers("findings", "case_id", "cases.case_id"),
        _refers("findings", "look_id", "looks.look_id"),
    )
    op.create_index("ix_findings_case_id", "findings", ["case_id"])
    op.create_index("ix_findings_look_id", "findings", ["look_id"])
    op.create_table(
        "events",
        *_text("case_id"),
        *_whole("sequence"),
        *_text("kind"),
        *_double("at_s"),
        *_text("actor", "reason", "note", "finding_id", "previous_sha256", "sha256"),
        sa.PrimaryKeyConstraint("case_id", "sequence", name="pk_events"),
        _refers("events", "case_id", "cases.case_id"),
    )


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        *_whole("position"),
        *_text("key", "case_id", "payload"),
        *_double("created_s", "next_try_s"),
        *_whole("attempts"),
        *_text("last_error"),
        sa.PrimaryKeyConstraint("position", name="pk_outbox"),
        sa.UniqueConstraint("key", name="uq_outbox_key"),
        _refers("outbox", "case_id", "cases.case_id"),
    )
    op.create_index("ix_outbox_case_id", "outbox", ["case_id"])
    op.create_table(
        "deliveries",
        *_text("key", "receipt"),
        *_double("delivered_s"),
        sa.PrimaryKeyConstraint("key", name="pk_deliveries"),
        _refers("deliveries", "key", "outbox.key"),
    )
