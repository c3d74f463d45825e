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
_PARTITION = re.compile(
    rf"{_TABLE}(truncate|drop|exchange|convert|detach|attach|discard|import)\s+(?:partition|tablespace|table)", re.IGNORECASE
)
_LABEL = re.compile(r"alter\s+type\s+\S+\s+(add|rename)\s+value", re.IGNORECASE)
ALTER = re.compile(
    rf"alter\s+(?:online\s+|ignore\s+)*table\s+(?P<table>(?:if\s+exists\s+)?(?:only\s+)?{_NAME})\s*\*?\s+(?P<actions>.+)",
    re.IGNORECASE | re.DOTALL,
)
"""What is done to a table, part by part."""
RENAMES = re.compile(r"rename\s+(?:to|as|=)?\s*(?!column|constraint|index|key)\S+\s*$", re.IGNORECASE)
_ACTION = re.compile(
    rf"{_TABLE}(?:set\s*\(|alter\s+(?:column\s+)?\S+\s+set\s*\(|(?:enable|disable|cluster|set\s+(?:tablespace|access|without|with)|reset|owner|inherit"
    r"|no\s+inherit|force|validate|rename\s+(?:constraint|index|key)|alter\s+(?:index|constraint|check)|drop\s+(?:foreign\s+key|check)"
    r"|alter\s+(?:column\s+)?\S+\s+(?:set\s+(?:statistics|storage|compression)|reset|(?:add|set)\s+generated\s+by\s+default|drop\s+(?:identity|expression)|restart)"
    r"|(?:add|reorganize|rebuild|analyze|check|repair|optimize)\s+partition|coalesce|partition\s+by|remove\s+partitioning"
    r"|convert\s+to\s+character\s+set|algorithm|lock|engine|auto_increment|comment|row_format|key_block_size|(?:default\s+)?(?:charset|character\s+set|collate)"
    r"|stats_\w+|page_\w+|checksum|order\s+by|wait|nowait|(?:with|without)\s+validation)(?![\w$]))",
    re.IGNORECASE,
)
"""Parts of ALTER TABLE that change neither columns nor keys, nor take rows."""
_HARMLESS = re.compile(
    r"(?:(?:alter|drop)\s+(?:sequence|index|view|function|procedure|role|user|default|trigger|event|extension|policy|domain|statistics)"
    r"|create\s+(?:or\s+replace\s+)?(?:definer\s*=\s*\S+\s+)?(?:aggregate\s+)?"
    r"(?:function|procedure|trigger|constraint\s+trigger|event|extension|policy|domain|type|role|user|statistics|server|schema|database|view|materialized|recursive)"
    r"|refresh|vacuum|reindex|cluster|analyze|optimize|lock|unlock|flush|replace|load\s+data|copy|do\s+sleep|use|set|reset|show|grant|revoke|savepoint|release"
    r"|notify|listen|checkpoint|discard|end|abort|start|security\s+label)(?![\w$])",
    re.IGNORECASE,
)
_CALLED = re.compile(r"(?:do|call|execute|prepare|\\ir?|\\include)(?![\w$])", re.IGNORECASE)
_ANOTHER = "what it runs is not in this file: check that by itself"
_OURS = re.compile(r"""(?:alter|drop)\s+publication\s+(?:if\s+exists\s+)?"?cdc_|select\s+pg_drop_replication_slot""", re.IGNORECASE)
_FOLLOWED = "it changes what a pipeline follows the source by: `cdc setup` makes that, and changes that are missed are in no log"
_UNLOGGED = re.compile(rf"{_TABLE}set\s+(?:un)?logged|set\s+(?:session\s+|@@(?:session\.)?)?sql_log_bin", re.IGNORECASE)
_NO_LOG = "rows that are written while nothing is logged never come"
_TAKES = re.compile(r"drop\s+(?!table|index).*\bcascade\s*$", re.IGNORECASE | re.DOTALL)
_MORE = "what goes with it by CASCADE is not read"
_ENTERS = re.compile(r"""(?:use\s+|set\s+(?:session\s+|local\s+)?search_path\s*(?:=|to)\s*)[`"']?([\w$]+)""", re.IGNORECASE)
_INDEX = re.compile(r"drop\s+index", re.IGNORECASE)
"""It may be a key."""
_PUBLICATION = re.compile(r"(?:create|alter|drop)\s+(?:publication|subscription)", re.IGNORECASE)
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
        lost = found[2].lower() not in ("detach", "attach")
        return Done(emptied=(_name(found[1], schema),) if lost else (), doubt="" if lost else _ROWS)
    if found := _LABEL.match(text):
        return Done(doubt="" if found[1].lower() == "add" else "a label gets another name: look for it in maps and expressions")
    return _other(text)


def _other(text: str) -> Done | None:
    """Return what a statement does that changes no table that we can name."""
    for pattern, doubt in ((_OURS, _FOLLOWED), (_UNLOGGED, _NO_LOG), (_CALLED, _ANOTHER), (_TAKES, _MORE)):
        if pattern.match(text):
            return Done(doubt=doubt)
    passes = _ACTION.match(text) or (_HARMLESS.match(text) and not _INDEX.match(text)) or _PUBLICATION.match(text)
    return Done() if passes else None


def entered(text: str) -> str:
    """Return the schema or database that names without one are in from here on; empty where that stays."""
    found = _ENTERS.match(text)
    return found[1] if found else ""


def _name(text: str, schema: str) -> TableName:
    first, _, second = text.rpartition(".")
    return TableName(_bare(first) or schema, _bare(second))


def _bare(text: str) -> str:
    return text.strip('`"')
