"""Run by Alembic: migrate over the connection, and inside the transaction, that `database.py` opened."""

from __future__ import annotations

from alembic import context

from pipeline.store.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
