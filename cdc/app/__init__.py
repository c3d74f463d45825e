"""Configuration, composition, the daemon around the loop, metrics, health and the command line."""
