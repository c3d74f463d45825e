"""A mapping as its file says it, before anything in it is known to exist on a server."""
