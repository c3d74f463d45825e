"""What is measured, and what is aimed at: each case's target is a ratio to the servers' own replication in the same run."""

from __future__ import annotations

from dataclasses import dataclass

from bench.mappings import COPY, EIGHT, QUERY, REFERENCES, Mapping
from bench.workload import Load

PAIRS = ("pg-pg", "pg-my", "my-pg", "my-my")


@dataclass(frozen=True)
class Case:
    pair: str
    changes: str
    shape: str
    mapping: Mapping
    aim: float | None = None
    """The ratio to native replication into the target's engine that the median is to reach."""
    aim_of_four: float | None = None
    """The same to four appliers of MariaDB's."""

    @property
    def name(self) -> str:
        return f"{self.pair} {self.changes} {self.shape} {self.mapping.name}"

    def load(self, rows: int) -> Load:
        return Load(self.changes, self.shape, rows)


CASES = (
    Case("pg-pg", "insert", "single", COPY, 0.85),
    Case("pg-pg", "insert", "single", EIGHT, 0.75),
    Case("pg-pg", "update", "single", EIGHT, 0.9),
    Case("my-pg", "insert", "single", EIGHT, 0.55),
    Case("pg-my", "insert", "single", EIGHT, 1.8, 1.1),
    Case("my-my", "insert", "single", EIGHT, 1.8, 1.1),
    Case("pg-pg", "insert", "one", EIGHT, 0.6),
)
"""Those with targets; the rest of the grid has none."""


def grid() -> list[Case]:
    """Return every pair with every load and mapping, those with targets first."""
    aimed = {case.name for case in CASES}
    loads = [(changes, shape) for changes in ("insert", "update") for shape in ("single", "several", "one")] + [("mixed", "single")]
    made = [Case(pair, *load, mapping) for pair in PAIRS for load in loads for mapping in (COPY, EIGHT, REFERENCES, QUERY)]
    return [*CASES, *(case for case in made if case.name not in aimed)]
