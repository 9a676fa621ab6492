"""Where things are: positions, poses, projection, zones. Pure."""
