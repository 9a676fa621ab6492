"""The drone: plan, check, fly, record."""
