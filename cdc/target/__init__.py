"""A batch to one transaction on the target, checkpoint included."""
