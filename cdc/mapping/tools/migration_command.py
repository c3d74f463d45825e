"""Statements that sqlglot takes for one word and a text, to what they do to tables."""

from __future__ import annotations

import re

from cdc.model.table import TableName
from cdc.model.value import value

_NAME = r'(?:[`"]?[\w$]+[`"]?\.)?[`"]?[\w$]+[`"]?'
_RENAME = re.compile(r"rename\s+tables?\s+(?:if\s+exists\s+)?(.+)", re.IGNORECASE | re.DOTALL)
_PAIR = re.compile(rf"\s*({_NAME})\s+(?:(?:wait\s+\d+|nowait)\s+)?to\s+({_NAME})\s*", re.IGNORECASE)
_TABLE = rf"alter\s+(?:online\s+|ignore\s+)*table\s+(?:if\s+exists\s+)?(?:only\s+)?({_NAME})\s+"
_SCHEMA = re.compile(rf"{_TABLE}set\s+schema\s+({_NAME})", re.IGNORECASE)
_IDENTITY = re.compile(rf"{_TABLE}replica\s+identity\s+(full|default|nothing|using)", re.IGNORECASE)
_PARTITION = re.compile(rf"{_TABLE}(truncate|drop|exchange|detach|attach|discard|import)\s+(?:partition|tablespace)", re.IGNORECASE)
_LABEL = re.compile(r"alter\s+type\s+\S+\s+(add|rename)\s+value", re.IGNORECASE)
_HARMLESS = re.compile(
    rf"(?:{_TABLE}(?:enable|disable|cluster|set\s+\(|reset|owner|inherit|no\s+inherit|add\s+partition|reorganize|convert\s+to\s+character\s+set|force|validate)"
    r"|alter\s+(?:publication|sequence|index|view|function|role|user|default)|vacuum|reindex|cluster|analyze|optimize|lock|do\s+sleep|use|set|grant|revoke)\b",
    re.IGNORECASE,
)
_ROWS = "rows come or go with it, and the log tells of none of them"


@value
class Done:
    renamed: tuple[tuple[TableName, TableName], ...] = ()
    emptied: tuple[TableName, ...] = ()
    identity: tuple[TableName, str] | None = None
    doubt: str = ""
    """What has to be looked at by a person."""


def command(text: str, schema: str) -> Done | None:
    """Return what a statement does; None when it is not known."""
    if found := _RENAME.match(text):
        return Done(tuple((_name(a, schema), _name(b, schema)) for a, b in _PAIR.findall(found[1])))
    if found := _SCHEMA.match(text):
        before = _name(found[1], schema)
        return Done(((before, TableName(_bare(found[2]), before.name)),))
    if found := _IDENTITY.match(text):
        return Done(
            identity=(_name(found[1], schema), found[2].lower()), doubt="which index it uses is not read" if found[2] == "using" else ""
        )
    if found := _PARTITION.match(text):
        lost = found[2].lower() in ("truncate", "drop", "exchange", "discard", "import")
        return Done(emptied=(_name(found[1], schema),) if lost else (), doubt="" if lost else _ROWS)
    if found := _LABEL.match(text):
        return Done(doubt="" if found[1].lower() == "add" else "a label gets another name: look for it in maps and expressions")
    return Done() if _HARMLESS.match(text) else None


def _name(text: str, schema: str) -> TableName:
    first, _, second = text.rpartition(".")
    return TableName(_bare(first) or schema, _bare(second))


def _bare(text: str) -> str:
    return text.strip('`"')
