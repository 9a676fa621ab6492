"""Evidence: the write-once vault, the pictures made from frames, sealing and checking, the log's hash chain."""
