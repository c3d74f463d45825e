"""A JSON document and what an update changed in it (MySQL's `binlog_row_value_options = PARTIAL_JSON`) to the document after it.

The document is taken as the text that the server would print, and changed there: numbers, dates and binary values keep their digits.

https://dev.mysql.com/doc/dev/mysql-server/latest/classJson__diff.html
"""

from __future__ import annotations

import json
import re
from typing import TypeAlias

from cdc.source.mysql.json_text import DEEPEST, json_text, quoted
from cdc.source.mysql.wire import Bytes


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


_Node: TypeAlias = "dict[str, _Node] | list[_Node] | str | bool | None"
_Leg: TypeAlias = str | int

_REPLACE, _INSERT, _REMOVE = range(3)
_UNFIT = "a change of a JSON document does not fit it"
_LITERALS = {None: "null", True: "true", False: "false"}
_LEG = re.compile(r"""\.(?P<quoted>"(?:[^"\\]|\\.)*")|\.(?P<name>[^."\s\[\]*]+)|\[(?P<cell>\d{1,10})\]""", re.DOTALL)


def changed(document: bytes, diffs: bytes) -> str:
    """Apply the changes in their order. Each is a kind, a path, and, unless it removes, a value. Raises `ValueError` where one does not fit."""
    node = _parsed(json_text(document))
    data = Bytes(diffs)
    while data.more():
        kind, path = data.take(1)[0], _legs(data.counted().decode())
        if kind > _REMOVE:
            raise ValueError("a change of a JSON document is of a kind that is not known here")
        node = _applied(node, kind, path, None if kind == _REMOVE else _parsed(json_text(data.counted())))
    return _text(node)


def _parsed(text: str) -> _Node:
    found: _Node = json.loads(text, parse_int=_Number, parse_float=_Number)
    return found


def _legs(path: str) -> list[_Leg]:
    """Split `$.name."other name"[3]`."""
    legs: list[_Leg] = []
    at = 1
    while at < len(path):
        found = _LEG.match(path, at)
        if not found:
            raise ValueError("a change of a JSON document has a path that can't be read")
        quoted, name, cell = found.group("quoted", "name", "cell")
        legs.append(int(cell) if cell else json.loads(quoted) if quoted else name)
        at = found.end()
    return legs


def _applied(root: _Node, kind: int, path: list[_Leg], value: _Node) -> _Node:
    container, leg = _place(root, path, kind)
    if container is None:
        return value
    if isinstance(container, list) and isinstance(leg, int) and (leg < len(container) or kind == _INSERT):
        if kind == _INSERT:
            container.insert(leg, value)  # a place behind the end means the end
        elif kind == _REPLACE:
            container[leg] = value
        else:
            del container[leg]
    elif isinstance(container, dict) and isinstance(leg, str) and (leg in container) == (kind != _INSERT):
        if kind == _REMOVE:
            del container[leg]
        else:
            container[leg] = value
    else:
        raise ValueError(_UNFIT)
    return root


def _place(root: _Node, path: list[_Leg], kind: int) -> tuple[_Node, _Leg]:
    """Return the container that a path ends in, and where in it; None: the document itself. Cell 0 of what is no array is that itself."""
    container: _Node = None
    leg: _Leg = 0
    node = root
    for number, step in enumerate(path, 1):
        last = number == len(path)
        if step == 0 and not isinstance(node, list) and not (last and kind != _REPLACE):
            continue
        container, leg = node, step
        node = node if last else _child(node, step)
    if container is None and kind != _REPLACE:
        raise ValueError(_UNFIT)
    return container, leg


def _child(node: _Node, step: _Leg) -> _Node:
    if isinstance(node, dict) and isinstance(step, str):
        return node[step]
    if isinstance(node, list) and isinstance(step, int):
        return node[step]
    raise ValueError(_UNFIT)


def _text(node: _Node, depth: int = 0) -> str:
    """Write as the server does; members stand in the order of their names' lengths, then of their bytes."""
    if depth > DEEPEST:
        raise ValueError("a JSON document becomes deeper than a server allows")
    if isinstance(node, dict):
        members = sorted((len(raw := name.encode()), raw, name) for name in node)
        return f"{{{', '.join(f'{quoted(name)}: {_text(node[name], depth + 1)}' for _, _, name in members)}}}"
    if isinstance(node, list):
        return f"[{', '.join(_text(each, depth + 1) for each in node)}]"
    if isinstance(node, _Number):
        return node
    return quoted(node) if isinstance(node, str) else _LITERALS[node]
