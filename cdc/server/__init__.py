"""What a source and a target of one engine share: connecting, sessions, error classes, the catalogue."""
