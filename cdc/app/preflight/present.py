"""Both catalogues as they are while a pipeline runs, asked over connections of their own, which is seldom."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

from cdc.app.build import Line
from cdc.mapping.query.query import Query, Question, Refusal
from cdc.model.errors import Drifted
from cdc.model.table import Definition, Table, TableName


class PresentSource:
    """Implements `Present`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def table(self, name: TableName) -> tuple[Definition, Table] | None:
        with closing(self._line.source_admin()) as admin:
            definition = admin.definitions([name]).get(name)
        if definition is None:
            return None
        with self._line.readers() as (reader, _):
            return definition, reader.shape(definition)

    def prepare(self, question: Question) -> Query | Refusal:
        with closing(self._line.source_admin()) as admin:
            return admin.prepare(question)


def prove_targets(line: Line, compiled: Mapping[TableName, Definition]) -> None:
    """Raise `Drifted` when a target table is no longer what the plan was compiled for, once the session that writes has looked at it."""
    with closing(line.target_admin()) as admin:
        now = admin.definitions(list(compiled))
    for name, table in compiled.items():
        if name not in now or (now[name].columns, now[name].uniques) != (table.columns, table.uniques):
            raise Drifted(f"the target's {name} has just changed", "The mappings are compared with the table as it is now.")
