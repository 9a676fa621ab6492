"""Putting tracks on the ground."""
