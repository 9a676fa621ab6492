"""From frames to cases an officer can judge."""
