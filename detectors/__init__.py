"""What is in a picture, in pixels. Knows no place and no case."""
