"""What a command makes or mends on the servers of a pipeline, and the first files of a new one."""
