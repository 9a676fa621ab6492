"""How work is started: Prefect flows, the `offsite` command, assembly."""
