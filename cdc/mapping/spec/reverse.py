"""A mapping with `direction: both` to the opposite pipeline's: what turns round by itself, and what its file says of the way back.

The result is a document of its own, each part of which knows the line of the one file that it follows from; it is then read like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from cdc.mapping.expression.check import check_value
from cdc.mapping.expression.node import Refer
from cdc.mapping.expression.reads import flag_alone, written
from cdc.mapping.expression.scope import Scope
from cdc.mapping.files.csv import Beside
from cdc.mapping.files.document import Document, Path
from cdc.mapping.files.draft import Draft, scalar_text
from cdc.mapping.files.problem import Problem, failed
from cdc.mapping.files.shape import Scalar
from cdc.mapping.spec.mapping import Direction, MappingSpec, Sql, expressions
from cdc.mapping.spec.read import spec_of
from cdc.mapping.spec.reverse_column import Columns
from cdc.mapping.spec.two_way import section, used_on_the_way_back
from cdc.model.write import Deletes

_SECTIONS = (
    "version", "mapping", "source", "target", "key", "clock", "where", "columns", "maps", "decisions", "deletes", "soft_delete", "truncate", "on_error", "dates", "numbers",
    "tests",
)  # fmt: skip
_UUID = re.compile(r"\s*stable_uuid\s*\(", re.IGNORECASE)


def reverse(spec: MappingSpec, beside: Beside) -> tuple[MappingSpec | None, list[Problem]]:
    """Return the mapping of the other direction, None where it does not follow, and all that is wrong with it."""
    if any(_misread(spec, sql) for given in spec.columns.values() for sql in expressions(given)):
        return None, []  # that is said of the mapping itself
    document, problems = turned(spec)
    if document is None:
        return None, problems
    made, found = spec_of(document, beside)
    return made and replace(made, direction=Direction.REVERSE, salt=spec.salt), problems + found


def _misread(spec: MappingSpec, sql: Sql) -> bool:
    return bool(check_value(sql.text, Scope(spec.source, None, spec.salt))[1])


def turned(spec: MappingSpec) -> tuple[Document | None, list[Problem]]:
    """Return the other direction's mapping as its file would say it."""
    draft = Draft(spec.document)
    said = section(spec.document.data.get("reverse"))
    draft.copy(("version",), ("version",))
    draft.copy(("reverse", "mapping") if "mapping" in said else ("mapping",), ("mapping",))
    draft.copy(("target",), ("source",))
    draft.copy(("source",), ("target",))
    columns, marks = Columns(spec, draft), _marks(spec)
    problems = [
        *_condition(spec, draft, marks),
        *columns.turn(),
        *_key(spec, draft, columns),
        *_clock(spec, draft, columns),
        *_rules(spec, draft, columns, marks),
    ]
    _tables(spec, draft)
    _tests(spec, draft)
    return (None if failed(problems) else draft.document(_SECTIONS)), problems


def _marks(spec: MappingSpec) -> dict[str, bool]:
    """What a deleted row of the source has, where its condition says it: `active`, `not deleted`."""
    said = section(spec.document.data.get("reverse"))
    flag = flag_alone(spec.where.text) if spec.where and not {"deletes", "soft_delete"} & said.keys() else None
    return {flag[0]: not flag[1]} if flag else {}


def _condition(spec: MappingSpec, draft: Draft, marks: dict[str, bool]) -> Iterator[Problem]:
    """Which target rows come back: those that are not marked as deleted, and that the file says."""
    said, path = section(spec.document.data.get("reverse")), ("reverse", "where")
    soft = spec.soft_delete if spec.document.data.get("deletes") == "soft" else {}
    living = " or ".join(f"{written(column)} is distinct from {_literal(given)}" for column, given in soft.items())
    if "where" in said and (not living or isinstance(said["where"], dict) or said["where"] in (None, "")):
        draft.copy(path, ("where",))
        if living and isinstance(said["where"], dict):
            message = f"the decision alone says which rows come back: it must leave out those that are marked ({', '.join(soft)})"
            yield spec.document.at_key(path).note("marks-not-asked", message)
    elif "where" in said:
        whole = f"({scalar_text(said['where'])}) and {living if len(soft) == 1 else f'({living})'}"
        draft.write(("where",), whole, draft.at_key(path), draft.at(path))
    elif living:
        draft.write(("where",), living, draft.at_key(("soft_delete",)), draft.at_key(("soft_delete",)))
    gone = bool(living) or spec.deletes is Deletes.HARD  # whether a source row that leaves `where` does not look alive on the target
    if (spec.where or spec.decided) and "where" not in said and not (marks and gone):
        message = "`where` leaves source rows out, and nothing says which target rows come back"
        advice = "write `reverse: {where: …}`, a condition over the target's columns; `true` takes all rows"
        yield spec.document.at_key(("where",)).problem("where-not-reversible", message, advice)


def _key(spec: MappingSpec, draft: Draft, columns: Columns) -> Iterator[Problem]:
    said = "key" in section(spec.document.data.get("reverse"))
    for name in spec.key:
        if _refers(spec, name):
            message = (
                f"the key '{name}' is made by xref, and only this direction knows its entries: a row of the other side would be made twice"
            )
            advice = "name rows by a column that both sides have, or that keeps the other side's key"
            yield spec.place(name).problem("xref-two-way", message, advice)
        elif not said and name in spec.columns and name not in columns.of:
            yield _lost(spec, name)
    if said:
        draft.copy(("reverse", "key"), ("key",))
        return
    made = [(at, column) for at, name in enumerate(spec.key) for column in columns.of.get(name, ())]
    draft.write(("key",), [column for _, column in made], draft.at_key(("key",)), draft.at_key(("key",)))
    for place, (at, _) in enumerate(made):
        draft.point(("key", place), draft.at(("key", at)))


def _refers(spec: MappingSpec, name: str) -> bool:
    given = spec.columns.get(name)
    return isinstance(given, Sql) and isinstance(check_value(given.text, Scope("", None))[0], Refer)


def _lost(spec: MappingSpec, name: str) -> Problem:
    given = spec.columns[name]
    hashed = isinstance(given, Sql) and _UUID.match(given.text)
    by = "by stable_uuid, which nothing turns back" if hashed else "of what does not turn round by itself"
    advice = f"write `reverse: {{source_column: expression}}` for '{name}', or name rows by another column: `reverse: {{key: [code]}}`"
    return spec.place(name).problem("key-not-reversible", f"the key '{name}' is made {by}", advice)


def _clock(spec: MappingSpec, draft: Draft, columns: Columns) -> Iterator[Problem]:
    """Both sides compare the same two times, and on a tie they choose the same row: whose word counts there is the other one here."""
    if spec.clock is None or not columns.newest:
        return
    made = columns.of.get(spec.clock.column, [])
    if len(made) == 1:
        spot = draft.at(spec.clock.path)
        ties = "target" if spec.clock.ties == "source" else "source"
        draft.write(("clock",), {"column": made[0], "ties": ties}, draft.at_key(("clock",)), spot)
    elif spec.clock.column in spec.columns:
        message = f"the clock '{spec.clock.column}' does not turn round by itself, and the other direction needs it"
        yield spec.document.at(spec.clock.path).problem(
            "clock-not-reversible", message, "write `reverse: {source_column: expression}` for its way back"
        )


def _rules(spec: MappingSpec, draft: Draft, columns: Columns, marks: dict[str, bool]) -> Iterator[Problem]:
    """What becomes of rows that go, and of what fails."""
    said = section(spec.document.data.get("reverse"))
    for name in ("deletes", "truncate", "on_error"):
        source: Path = ("reverse", name) if name in said else (name,)
        if (name in said or name in spec.document.data) and not (name == "deletes" and marks):
            draft.copy(source, (name,))
    for name in ("dates", "numbers"):
        if name in said:
            draft.copy(("reverse", name), (name,))
        elif name in spec.document.data:
            draft.copy((name,), (name,))
            draft.point((name,), draft.at((name,)))  # where it does not fit a column of that side, an error it stays
    if "soft_delete" in said:
        draft.copy(("reverse", "soft_delete"), ("soft_delete",))
    elif marks:
        _marked(draft, columns, marks)
    elif spec.document.data.get("deletes") == "soft" and "deletes" not in said:
        message = f"`deletes: soft` does not turn round: nothing says how a deleted row of {spec.source} is marked"
        advice = "write `reverse: {soft_delete: {active: false}}`, or another rule: `reverse: {deletes: ignore}`"
        yield spec.document.at(("deletes",)).problem("deletes-not-reversible", message, advice)


def _marked(draft: Draft, columns: Columns, marks: dict[str, bool]) -> None:
    """What the condition asks is what a row that is deleted there gets, and one that is there has not."""
    spot = draft.at(("where",))
    draft.write(("deletes",), "soft", spot, spot)
    for column, deleted in marks.items():
        draft.write(("soft_delete", column), deleted, spot, spot)
        if column not in columns.made:
            draft.write(("columns", column), not deleted, spot, spot)


def _tables(spec: MappingSpec, draft: Draft) -> None:
    """Take along the value maps and decisions that the file's own words use."""
    for where, word in (("maps", "map"), ("decisions", "decision")):
        there = section(spec.document.data.get(where))
        for name in used_on_the_way_back(spec.document, word):
            if name in there:
                draft.copy((where, name), (where, name))


def _tests(spec: MappingSpec, draft: Draft) -> None:
    tests = spec.document.data.get("tests")
    given = [(at, section(one)) for at, one in enumerate(tests if isinstance(tests, list) else ())]
    back = [{key: ("tests", at, key) for key in one if key != "direction"} for at, one in given if one.get("direction") == "reverse"]
    if back:
        draft.gather(("tests",), back)


def _literal(given: Scalar) -> str:
    return "'" + given.replace("'", "''") + "'" if isinstance(given, str) else scalar_text(given)
