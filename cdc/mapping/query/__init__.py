"""The query that a mapping asks of its source: from its text to the plan that the loop asks by."""
