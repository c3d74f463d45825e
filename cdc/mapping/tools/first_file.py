"""A proposed mapping to the text of its file, with a comment on all that is unsure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from cdc.mapping.files.problem import printable
from cdc.mapping.tools.propose import Line, Proposal
from cdc.model.table import TableName

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CALL = re.compile(r"[a-z_]+\('[A-Za-z0-9_ ]*'(?:, [a-z_][a-z0-9_]*)+\)")
_WORDS = frozenset({"null", "true", "false", "y", "n", "yes", "no", "on", "off", "same"})
"""What a reader of YAML, or a column list of ours, takes for something else."""


def text(proposal: Proposal, schemas: tuple[str, str]) -> str:
    """Return the file. `schemas` are those of source and target that need not be named."""
    return "\n".join(_lines(proposal, schemas)) + "\n"


def _lines(proposal: Proposal, schemas: tuple[str, str]) -> Iterator[str]:
    yield f"# {printable(str(proposal.source))} → {printable(str(proposal.target))}: a first proposal, by names and types. Look at each line."
    yield from (f"# {printable(remark)}" for remark in proposal.remarks)
    yield "version: 1"
    yield f"mapping: {_scalar(proposal.name)}"
    yield f"source: {_table(proposal.source, schemas[0])}"
    yield f"target: {_table(proposal.target, schemas[1])}"
    yield f"key: [{', '.join(map(_scalar, proposal.key))}]"
    yield "columns:"
    for line in proposal.lines:
        yield _line(line)
    if proposal.soft_delete:
        yield "deletes: soft"
        yield f"soft_delete: {{{_scalar(proposal.soft_delete[0])}: {proposal.soft_delete[1]}}}"
    if proposal.maps:
        yield "maps:"
    for name, entries in proposal.maps.items():
        yield f"  {_scalar(name)}: {{{', '.join(f'{_quoted(label)}: {_quoted(given)}' for label, given in entries.items())}}}"


def _line(line: Line) -> str:
    given = f"{{map: {_scalar(line.map)}, from: {_quoted(line.sql)}}}" if line.map else _scalar(line.sql)
    if line.lookup:
        by = ", ".join(f"{_scalar(column)}: {_quoted(sql)}" for column, sql in line.lookup.by)
        given = f"{{lookup: {_scalar(line.lookup.table)}, by: {{{by}}}, take: {_scalar(line.lookup.take)}}}"
    remark = f"   # {printable(line.remark)}" if line.remark else ""
    if not line.used:
        return f"  # {printable(line.column)}:{remark}"
    return f"  {_scalar(line.column)}: {given}{remark}"


def _table(name: TableName, schema: str) -> str:
    parts = (name.name,) if name.schema == schema else (name.schema, name.name)
    if all(_PLAIN.fullmatch(part) for part in parts):
        return _scalar(".".join(parts))
    return _quoted(".".join('"' + part.replace('"', '""') + '"' for part in parts))


def _scalar(given: str) -> str:
    """Plain where YAML reads it as the same text."""
    if given.lower() in {"true", "false", "0"} or _CALL.fullmatch(given):
        return given
    plain = all(map(_PLAIN.fullmatch, given.split("."))) and given.lower() not in _WORDS
    return given if plain else _quoted(given)


def _quoted(given: str) -> str:
    return json.dumps(given, ensure_ascii=False)
