"""YAML to a compiled plan: read, check, compile. Pure."""
