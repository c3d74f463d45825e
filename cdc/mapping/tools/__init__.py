"""What the commands around mappings need and the stream does not: proposals, examples, graphs."""
