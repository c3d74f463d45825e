"""What pipelines do and how far they are, as threads write it and people, Prometheus and systemd read it."""
