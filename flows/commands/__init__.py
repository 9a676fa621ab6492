"""The `offsite` command's sub-commands, one family a file."""
