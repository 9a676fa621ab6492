"""A small seeded world with known truth, rendered from a camera's pose, for the demo and the end-to-end tests.

Nothing that detects, locates or judges may read the truth; only what scores it does.
"""
