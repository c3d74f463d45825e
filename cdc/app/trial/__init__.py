"""Source rows to what their mapping would do with them on the target now. Only reads."""
