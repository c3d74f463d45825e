"""PostgreSQL logical replication (pgoutput) to transactions."""
