"""`offsite detectors train`, or `python -m detectors.training`: fine-tunes the shipped detector."""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Train from the command line; see detectors/reference/training.py, which brings torch."""
    from detectors.reference import training  # noqa: PLC0415 - torch is loaded by those who train only

    return training.main(argv)


if __name__ == "__main__":
    sys.exit(main())
