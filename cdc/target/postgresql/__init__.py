"""Batches → rows of a PostgreSQL database."""

from cdc.target.postgresql.admin import PostgreSQLTargetAdmin
from cdc.target.postgresql.target import PostgreSQLTarget

__all__ = ["PostgreSQLTarget", "PostgreSQLTargetAdmin"]
