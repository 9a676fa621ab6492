"""One look, from frames to a filed report."""
