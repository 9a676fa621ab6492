"""`python -m flows.leash MODULE ARGUMENTS`: run a module that ends when the process that started it ends.

Without it a child of a killed command would go on flying, filing or holding a port. Linux only; elsewhere children end
when they are told to.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys

# Source: Linux prctl(2).
PR_SET_PDEATHSIG = 1


def tie_to_parent() -> None:
    """Ask the kernel to end us when the parent dies; end at once if it is dead already."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent or parent == 1:
        sys.exit(1)


if __name__ == "__main__":
    tie_to_parent()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
