"""SQL scalar expressions, with PostgreSQL's meaning, to Python: read, checked against an allow-list, typed, generated. Pure."""
