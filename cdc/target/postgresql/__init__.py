"""Batches to PostgreSQL."""
