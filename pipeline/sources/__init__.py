"""Where pictures come from: clips, streams recorded to clips, and stills. Every look is over bytes we hold."""
