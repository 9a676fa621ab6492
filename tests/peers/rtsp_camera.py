"""A camera for tests: serves a moving grey picture over RTSP on loopback until it is killed.

Run as `python rtsp_camera.py PORT WIDTH HEIGHT`; prints "ready" when it listens.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from ipycam.rtsp import NativeRTSPServer

RATE_HZ = 10
NAME = "eye"


def main() -> None:
    """Serve until killed."""
    port, width, height = (int(word) for word in sys.argv[1:4])
    server = NativeRTSPServer(port=port, host="127.0.0.1")
    if not (server.add_stream(NAME, width, height, RATE_HZ, "1M") and server.start()):
        sys.exit("the RTSP server did not start")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    number = 0
    while True:
        picture = np.full((height, width, 3), 60 + number % 120, dtype=np.uint8)
        column = number * 4 % (width - 20)
        picture[height // 2 : height // 2 + 20, column : column + 20] = 230
        server.stream_frame(NAME, picture)
        number += 1
        time.sleep(1 / RATE_HZ)


if __name__ == "__main__":
    main()
