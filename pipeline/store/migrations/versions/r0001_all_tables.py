"""All tables of the first version. Constraints and indices are named by the models' convention."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    _make_looks()
    _make_cases()
    _make_outbox()


def _columns(kind: type[sa.types.TypeEngine[Any]], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _key(name: str, kind: type[sa.types.TypeEngine[Any]] = sa.Text) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True)


def _refers(to: str) -> sa.Column[Any]:
    return sa.Column(to.split(".")[1], sa.Text, sa.ForeignKey(to), nullable=False, index=True)


def _make_looks() -> None:
    op.create_table(
        "looks",
        _key("look_id"),
        *_columns(sa.Text, "source_id", "source_kind"),
        *_columns(sa.Double, "started_s", "ended_s"),
        *_columns(sa.Integer, "frames_examined"),
        *_columns(sa.Boolean, "drill"),
        *_columns(sa.Double, "filed_s"),
    )
    op.create_table(
        "drops",
        _key("drop_id", sa.Integer),
        _refers("looks.look_id"),
        *_columns(sa.Integer, "track_id"),
        *_columns(sa.Text, "offence", "reason", "detail"),
        *_columns(sa.Double, "at_s"),
        sa.Column("lat_deg", sa.Double),
        sa.Column("lon_deg", sa.Double),
        *_columns(sa.Double, "score"),
    )
    op.create_table(
        "frame_faults",
        _key("fault_id", sa.Integer),
        _refers("looks.look_id"),
        *_columns(sa.Double, "pts_s"),
        *_columns(sa.Text, "code", "message"),
    )


def _make_cases() -> None:
    op.create_table(
        "cases",
        _key("case_id"),
        *_columns(sa.Text, "offence", "state", "grade"),
        *_columns(sa.Boolean, "drill"),
        *_columns(sa.Double, "first_s", "last_s"),
        *_columns(sa.JSON, "fix"),
    )
    op.create_index("ix_cases_offence_last_s", "cases", ["offence", "last_s"])
    op.create_table(
        "findings",
        _key("finding_id"),
        _refers("cases.case_id"),
        _refers("looks.look_id"),
        *_columns(sa.Text, "source_id", "source_kind", "offence"),
        *_columns(sa.Double, "first_s", "last_s"),
        *_columns(sa.JSON, "fix", "why"),
        *_columns(sa.Double, "merge_distance_m", "merge_window_s"),
        *_columns(sa.Text, "manifest_sha256"),
        *_columns(sa.JSON, "items"),
    )
    op.create_table(
        "events",
        sa.Column("case_id", sa.Text, sa.ForeignKey("cases.case_id"), primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        *_columns(sa.Text, "kind"),
        *_columns(sa.Double, "at_s"),
        *_columns(sa.Text, "actor", "reason", "note", "finding_id", "previous_sha256", "sha256"),
    )


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        _key("position", sa.Integer),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        _refers("cases.case_id"),
        *_columns(sa.Text, "payload"),
        *_columns(sa.Double, "created_s", "next_try_s"),
        *_columns(sa.Integer, "attempts"),
        *_columns(sa.Text, "last_error"),
    )
    op.create_table(
        "deliveries",
        sa.Column("key", sa.Text, sa.ForeignKey("outbox.key"), primary_key=True),
        *_columns(sa.Text, "receipt"),
        *_columns(sa.Double, "delivered_s"),
    )
