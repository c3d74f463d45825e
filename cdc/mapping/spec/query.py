"""What a mapping file says about its query, with its places; and what is wrong with that, as far as no server is needed to know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from cdc.mapping.files.document import Document, Path
from cdc.mapping.files.problem import Problem
from cdc.mapping.files.query import SETTLE, DependencyFile
from cdc.mapping.spec.mapping import Sql, table_name
from cdc.mapping.spec.query_text import ANSI, BACKSLASHED, Misread, cut
from cdc.model.value import value

LONGEST_SETTLE = 10.0
"""Seconds. While rows are waited for nothing is applied, and a process that is to end waits along."""


@value
class Dependency:
    """Another table whose changes touch root rows: by expressions over its row that give the root's key, or by a query."""

    table: str
    """As written; `table_name` reads it."""
    keys: tuple[Sql, ...]
    query: Sql | None
    path: Path


@value
class QuerySpec:
    """A mapping whose rows come from a query."""

    text: Sql
    depends_on: tuple[Dependency, ...]
    settle: float
    """Seconds of quiet before the source is asked."""


def query_spec(document: Document, depends_on: Mapping[str, DependencyFile], settle: str) -> QuerySpec | None:
    """Return what the file says about its query; None when it has none."""
    text = document.scalar(("query",))
    if text is None:
        return None
    made = tuple(_dependency(document, table, given) for table, given in depends_on.items())
    return QuerySpec(Sql(text, ("query",)), made, _seconds(settle))


def _dependency(document: Document, table: str, given: DependencyFile) -> Dependency:
    path = ("depends_on", table)
    query = Sql(given.query, (*path, "query")) if "query" in given.model_fields_set else None
    listed = (*path, "key") if document.spot((*path, "key")) else path
    alone = document.scalar(listed) is not None
    return Dependency(table, tuple(Sql(key, listed if alone else (*listed, at)) for at, key in enumerate(given.key)), query, path)


def _seconds(text: str) -> float:
    if not re.fullmatch(SETTLE, text):  # reported by `check_query`
        return 0.0
    return float(text[:-2]) / 1000 if text.endswith("ms") else float(text.removesuffix("s") or 0)


def check_query(document: Document, query: QuerySpec | None) -> Iterator[Problem]:
    """Find what is wrong with `query`, `depends_on` and `settle`, alone and together."""
    if query is None:
        for name in ("depends_on", "settle"):
            if name in document.data:
                yield document.at_key((name,)).problem(
                    "unused-key", f"'{name}' has no effect without `query`", "write `query`, or remove it"
                )
        return
    yield from _misread(document, query.text)
    for dependency in query.depends_on:
        yield from _check_dependency(document, dependency)
    written = document.data.get("settle")
    if isinstance(written, str) and not (re.fullmatch(SETTLE, written) and query.settle <= LONGEST_SETTLE):
        message = f"'settle' must be a time of {LONGEST_SETTLE:.0f} seconds at most"
        yield document.at(("settle",)).problem("bad-value", message, "write `settle: 500ms`, or `settle: 2s`")


def _check_dependency(document: Document, dependency: Dependency) -> Iterator[Problem]:
    place = document.at_key(dependency.path)
    try:
        table_name(dependency.table, "")
    except ValueError:
        yield place.problem(
            "bad-table", f"'{dependency.table}' is not a table's name", 'write `table`, `schema.table` or `"odd.name"` in quotes'
        )
    if dependency.query is not None and dependency.keys:
        yield place.problem("two-values", f"table '{dependency.table}' has both `key` and `query`", "keep one of them")
    if dependency.query is not None:
        yield from _misread(document, dependency.query)
    elif not dependency.keys or not all(key.text.strip() for key in dependency.keys):
        advice = "write the column that refers to the root, or `{query: select …}`"
        yield place.problem("no-value", f"how table '{dependency.table}' leads to the root is missing", advice)


def _misread(document: Document, sql: Sql) -> Iterator[Problem]:
    """What is wrong whichever engine reads it."""
    wrong = None
    for lexis in (BACKSLASHED, ANSI):
        try:
            cut(sql.text, lexis)
        except Misread as misread:
            wrong = misread
        else:
            return
    assert wrong is not None
    yield document.within(sql.path, wrong.offset, wrong.width).problem("bad-query", wrong.message, wrong.hint)
