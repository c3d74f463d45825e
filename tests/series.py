"""Whole numbers as a table, in SQL that MySQL and MariaDB both understand: MariaDB's sequence tables are its own."""


def series(last: int) -> str:
    """Return a derived table `numbers` with the numbers from 1 to `last` in its column `seq`, in no order."""
    digits = len(str(last))
    ten = " union all ".join(["select 0 as d", *(f"select {d}" for d in range(1, 10))])
    number = " + ".join(f"{10**place} * p{place}.d" for place in range(digits))
    places = " join ".join(f"({ten}) p{place}" for place in range(digits))
    return f"(select 1 + {number} as seq from {places} where 1 + {number} <= {last}) numbers"
