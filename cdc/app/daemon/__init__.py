"""Pipelines on threads of one process: started, tried again, reloaded and ended."""
