"""A world in one thread: two databases in memory, the loop in both directions between them, a clock that a seed moves, faults at every border."""
