"""The queries of a pipeline's mappings, put to the source's server: what each returns, and what it would read for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cdc.mapping.query.prepare import Answers, questions
from cdc.mapping.query.query import Query, Question
from cdc.mapping.spec.mapping import MappingSpec
from cdc.model.errors import CdcError, Exit, Finding, Unreachable
from cdc.model.table import Definition, TableName
from cdc.source.base import SourceAdmin


def answers(specs: Sequence[MappingSpec], tables: Mapping[TableName, Definition], schema: str, admin: SourceAdmin) -> Answers:
    """Let the server read all queries."""
    return {(spec.name, path): admin.prepare(question) for spec in specs for path, (question, _) in questions(spec, tables, schema).items()}


def scan_findings(
    specs: Sequence[MappingSpec], tables: Mapping[TableName, Definition], schema: str, admin: SourceAdmin, given: Answers
) -> Iterator[Finding]:
    """Warn of queries that would read a large table whole for a few keys."""
    for spec in specs:
        for path, (question, table) in questions(spec, tables, schema).items():
            query = given.get((spec.name, path))
            if isinstance(query, Query):
                yield from _scans(spec, question, query, table, admin)


def _scans(spec: MappingSpec, question: Question, query: Query, table: Definition, admin: SourceAdmin) -> Iterator[Finding]:
    first = " ".join(question.text.split())[:60]
    try:
        scans = admin.scans(query, table)
    except Unreachable:
        raise
    except CdcError as error:
        yield Finding(
            "query-scan", f"mapping {spec.name}: the server does not say how it would run its query: {error}", error.hint, Exit.OK
        )
        return
    for scanned in scans:
        message = f"mapping {spec.name}: for a few rows of {table.name} its query reads all of {scanned}: {first}…"
        yield Finding("query-scan", message, "Make an index on the columns by which it is joined.", Exit.OK)
