"""`python -m detectors.training`: fine-tunes the shipped detector; see detectors/reference/training.py."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from detectors.reference.training import main

    sys.exit(main())
