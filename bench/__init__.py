"""Throughput, latency and memory of the daemon beside the native replication of the same servers, in one run."""
