"""Batches to MySQL and MariaDB."""
