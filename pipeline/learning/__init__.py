"""What officers decided, made into pictures to learn from."""
