"""Transactions to writes, writes to batches, and the one loop. Functions and generators; no I/O of its own."""
