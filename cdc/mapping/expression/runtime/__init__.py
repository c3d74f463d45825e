"""What generated code calls: one function per SQL function, with PostgreSQL's results, one module per family.

Arguments are Python values and never None, unless the function's own docstring says so.
"""
