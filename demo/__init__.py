"""The demonstration, and the private servers that it shares with the tests and the benchmarks."""
