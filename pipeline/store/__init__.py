"""The store: looks, cases, their logs and the outbox in SQL. The only package that imports SQLAlchemy."""
