"""Change data capture between live application databases: one log in, upserts with an exactly-once effect out."""
