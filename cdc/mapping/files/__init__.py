"""The files that people write, YAML and CSV: text to data that knows where it stands, its shape, and what is wrong with it."""
