"""Delivery: from the outbox to the case system, at least once and in order; and a reference receiver."""
