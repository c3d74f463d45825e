"""A mapping file's text to a `MappingSpec` and its problems: all that can be said without a server and without reading an expression."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cdc.mapping.files.csv import Beside, nothing_beside
from cdc.mapping.files.document import Document, Path
from cdc.mapping.files.mapping import ColumnFile, MappingFile, TestFile
from cdc.mapping.files.problem import Problem
from cdc.mapping.files.shape import Scalar, validate
from cdc.mapping.files.table import DecidedFile
from cdc.mapping.files.yaml12 import read
from cdc.mapping.spec.clock import clock
from cdc.mapping.spec.decision import decision
from cdc.mapping.spec.mapping import (
    EVERY,
    Computed,
    Decided,
    Decision,
    Direction,
    Entry,
    Given,
    Mapped,
    MappingSpec,
    Moment,
    OnFail,
    Options,
    Sought,
    Sql,
    Test,
    expressions,
    quoted,
    same_columns,
)
from cdc.mapping.spec.maps import value_map
from cdc.mapping.spec.match import ways
from cdc.mapping.spec.query import query_spec
from cdc.mapping.spec.rules import check
from cdc.model.change import ABSENT
from cdc.model.reference import Missing
from cdc.model.write import Deletes, Truncates


def read_mapping(file: str, raw: bytes | str, beside: Beside = nothing_beside) -> tuple[MappingSpec | None, list[Problem]]:
    """Read one mapping file; `file` is its name in reports, `beside` opens the files that it names.

    A spec comes back whenever it can be made out, even with problems, so that its expressions are checked in the same run. Nothing
    may be started from it unless `failed(problems)` is false.
    """
    document, problems = read(file, raw)
    if document is None:
        return None, problems
    spec, mistakes = spec_of(document, beside)
    return spec, problems + mistakes


def spec_of(document: Document, beside: Beside) -> tuple[MappingSpec | None, list[Problem]]:
    """Return what a document says, and all that is wrong with it."""
    shape, problems = validate(MappingFile, document, _columns_apart(document))
    if shape is None:
        return None, problems
    maps, unread = _value_maps(document, shape, beside)
    decisions, undecided = _decisions(document, shape, beside)
    spec = _spec(document, shape, maps, decisions)
    problems += [*unread, *undecided, *check(spec)]
    return _readable(spec), problems


def _readable(spec: MappingSpec) -> MappingSpec:
    """Leave out expressions that are missing: that is reported."""
    columns = {name: column for name, column in spec.columns.items() if all(sql.text.strip() for sql in expressions(column))}
    return replace(spec, columns=columns, where=spec.where if spec.where and spec.where.text.strip() else None)


def _columns_apart(document: Document) -> dict[str, Any]:
    """The list `same` may stand inside `columns` too; as the model has it, it stands beside."""
    columns = document.data.get("columns")
    same = columns.get("same") if isinstance(columns, dict) else None
    if not isinstance(columns, dict) or not isinstance(same, list) or not all(isinstance(name, str) for name in same):
        return document.data
    return {**document.data, "columns": {name: given for name, given in columns.items() if name != "same"}}


def _value_maps(document: Document, shape: MappingFile, beside: Beside) -> tuple[Mapping[str, Sequence[Entry]], list[Problem]]:
    maps: dict[str, Sequence[Entry]] = {}
    problems: list[Problem] = []
    for name, given in shape.maps.items():
        users = {target: column for target, column in shape.columns.items() if column.map == name}
        maps[name], found = value_map(document, name, given, users, beside)
        problems += found
    return maps, problems


def _decisions(document: Document, shape: MappingFile, beside: Beside) -> tuple[Mapping[str, Decision], list[Problem]]:
    made: dict[str, Decision] = {}
    problems: list[Problem] = []
    for name, given in shape.decisions.items():
        one, found = decision(document, name, given, beside)
        made |= {name: one} if one else {}
        problems += found
    return made, problems


def _decided(decisions: Mapping[str, Decision], table: str, take: str, path: Path, name: str) -> Decided:
    """Where nothing says which result is meant, it is the only one, or the one of the column's name."""
    known = decisions.get(table)
    only = known.then[0] if known and len(known.then) == 1 else name
    return Decided(table, take or only, known.inputs if known else (), path)


def _spec(document: Document, shape: MappingFile, maps: Mapping[str, Sequence[Entry]], decisions: Mapping[str, Decision]) -> MappingSpec:
    same = {name: quoted(name, path) for path, name in same_columns(document)}
    return MappingSpec(
        document=document,
        name=shape.mapping,
        source=shape.source,
        target=shape.target,
        key=tuple(shape.key),
        where=_sql(document, ("where",)) if "where" in shape.model_fields_set and isinstance(shape.where, str) else None,
        columns={**{name: _column(document, shape, maps, decisions, name) for name in shape.columns}, **same},
        deletes=Deletes(shape.deletes),
        soft_delete=shape.soft_delete,
        truncate=Truncates(shape.truncate),
        halts=shape.on_error == "halt",
        tests=tuple(
            Test(test.given, test.expect, ("tests", at), _before(test))
            for at, test in enumerate(shape.tests)
            if test.direction == "forward"
        ),
        direction=Direction(shape.direction),
        match=ways(shape.match),
        clock=clock(shape.clock),
        query=query_spec(document, shape.depends_on, shape.settle),
        options={
            name: _options(document, given, ("columns", name)) for name, given in shape.columns.items() if _OPTIONS & given.model_fields_set
        },
        special=dict(_special(shape)),
        decisions=decisions,
        decided=_decided(decisions, shape.where.decision, shape.where.take, ("where",), "")
        if isinstance(shape.where, DecidedFile)
        else None,
    )


def _column(
    document: Document, shape: MappingFile, maps: Mapping[str, Sequence[Entry]], decisions: Mapping[str, Decision], name: str
) -> Given:
    given, path = shape.columns[name], ("columns", name)
    if "lookup" in given.model_fields_set:
        by = {column: _sql(document, (*path, "by", column)) for column in given.by}
        return Sought(given.lookup, by, given.take, Missing(given.missing or "null"), path)
    if "decision" in given.model_fields_set:
        return _decided(decisions, given.decision, given.take, path, name)
    if "python" in given.model_fields_set:
        return _computed(given, path)
    if "map" not in given.model_fields_set:
        return _sql(document, path if document.scalar(path) is not None else (*path, "value"))
    default = given.default if "default" in given.model_fields_set else ABSENT
    several = [(*path, "from", at) for at in range(len(given.source))] if isinstance(given.source, list) else [(*path, "from")]
    return Mapped(tuple(_sql(document, at) for at in several), given.map, maps.get(given.map, ()), default, path)


def _computed(given: ColumnFile, path: Path) -> Computed:
    if isinstance(given.python, str):
        return Computed(given.python, None, path)
    columns = [quoted(name, (*path, "python", "columns", at)) for at, name in enumerate(given.python.columns)]
    return Computed(given.python.function, tuple(columns), path)


def _special(shape: MappingFile) -> Iterator[tuple[tuple[str, str], Mapping[str, Scalar]]]:
    abouts = [(EVERY, shape.dates, shape.numbers), *((name, column.dates, column.numbers) for name, column in shape.columns.items())]
    for name, dates, numbers in abouts:
        for key, about in (("dates", dates), ("numbers", numbers)):
            if about.model_fields_set:
                yield (name, key), {special: getattr(about, special) for special in sorted(about.model_fields_set)}


_OPTIONS = {"check", "on_fail", "write", "owner"}


def _options(document: Document, given: ColumnFile, path: Path) -> Options:
    check = _sql(document, (*path, "check")) if "check" in given.model_fields_set else None
    write = Moment.INSERT if given.owner == "target" else Moment(given.write)
    return Options(check, OnFail(given.on_fail or "null"), write, given.owner == "newest")


def _before(test: TestFile) -> Mapping[str, Scalar] | None:
    """An update without `old` changed nothing."""
    return {} if test.old is None and test.op == "update" else test.old


def _sql(document: Document, path: Path) -> Sql:
    return Sql(document.scalar(path) or "", path)
