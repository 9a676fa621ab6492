"""Between rows and domain values: a column and the attribute it holds have one name, so both ways are generic."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.domain.case import Case, CaseEvent, SealedFinding

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from pipeline.store.models import Base, CaseRow

_Row = TypeVar("_Row", bound="Base")
_Value = TypeVar("_Value", bound="DataclassInstance")


def row_of(table: type[_Row], value: DataclassInstance, **more: object) -> _Row:
    """The row that holds a domain value, and in the columns the value lacks what else is given."""
    shared = {name: getattr(value, name) for name in table.__mapper__.columns.keys() if hasattr(value, name)}  # noqa: SIM118 - no dict
    return table(**shared, **more)


def value_of(kind: type[_Value], row: Base, **more: object) -> _Value:
    """The domain value a row holds; what the row has in a form of its own is given."""
    shared: dict[str, Any] = {field.name: getattr(row, field.name) for field in fields(kind) if field.name not in more}
    return kind(**shared, **more)


def case_of(row: CaseRow) -> Case:
    """The case a row and its findings and events hold."""
    return value_of(
        Case,
        row,
        findings=tuple(value_of(SealedFinding, finding) for finding in row.findings),
        events=tuple(value_of(CaseEvent, event) for event in row.events),
    )
