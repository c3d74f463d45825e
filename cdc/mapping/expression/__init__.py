"""A SQL expression to Python source, with PostgreSQL semantics. Pure."""
