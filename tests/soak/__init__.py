"""The long siege: random faults for as long as you like, with a seed that repeats them. `python -m tests.soak`."""
