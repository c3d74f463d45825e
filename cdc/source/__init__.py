"""A server's log to transactions; snapshots for the initial load."""
