"""Specs to a Mermaid diagram: tables, the mappings between them, and column by column what is made of what."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

from cdc.mapping.files.problem import printable
from cdc.mapping.lineage import condition, lineage
from cdc.mapping.spec.mapping import MappingSpec
from cdc.model.value import value

_T = TypeVar("_T", bound=Hashable)


@value
class Arrow:
    """One mapping between two tables, each with its database: `erp: public.customer`."""

    pipeline: str
    source: str
    target: str
    spec: MappingSpec
    beside: tuple[str, ...] = ()
    """Further tables that a query reads."""

    def to_json(self) -> dict[str, object]:
        columns = [{"column": made.column, "sql": made.sql, "reads": made.reads} for made in lineage(self.spec)]
        where = condition(self.spec)
        return {
            "pipeline": self.pipeline,
            "mapping": self.spec.name,
            "source": self.source,
            "target": self.target,
            "depends_on": self.beside,
            "columns": columns,
            "where": where and {"sql": where.sql, "reads": where.reads},
        }


def mermaid(arrows: Sequence[Arrow], *, columns: bool) -> str:
    """Return the diagram; with `columns` each table shows those that mappings read and write."""
    lines = ["flowchart LR", *(_by_column(arrows) if columns else _by_table(arrows))]
    return "\n".join(lines) + "\n"


def _by_table(arrows: Sequence[Arrow]) -> Iterator[str]:
    tables = _numbered([table for arrow in arrows for table in (arrow.source, *arrow.beside, arrow.target)], "t")
    for table, name in tables.items():
        yield f'  {name}[("{_label(table)}")]'
    for number, arrow in enumerate(arrows, start=1):
        yield f'  {tables[arrow.source]} --> m{number}["{_label(arrow.spec.name)}"] --> {tables[arrow.target]}'
        yield from (f"  {tables[table]} -.-> m{number}" for table in arrow.beside)


def _by_column(arrows: Sequence[Arrow]) -> Iterator[str]:
    made = [(arrow, one) for arrow in arrows for one in lineage(arrow.spec)]
    ends = [(arrow.source, name) for arrow, one in made for name in one.reads] + [(arrow.target, one.column) for arrow, one in made]
    tables = _numbered([table for table, _ in ends], "t")
    nodes = _numbered(ends, "c")
    for table, number in tables.items():
        yield f'  subgraph {number}["{_label(table)}"]'
        yield from (f'    {name}["{_label(column)}"]' for (owner, column), name in nodes.items() if owner == table)
        yield "  end"
    for arrow, one in made:
        for name in one.reads:
            yield f'  {nodes[arrow.source, name]} -->|"{_label(arrow.spec.name)}"| {nodes[arrow.target, one.column]}'


def _numbered(things: Sequence[_T], letter: str) -> Mapping[_T, str]:
    return {thing: f"{letter}{number}" for number, thing in enumerate(dict.fromkeys(things), start=1)}


def _label(text: str) -> str:
    """Mermaid's own way to write what would end a label."""
    return printable(text).replace("#", "#35;").replace('"', "#quot;").replace("`", "#96;")
