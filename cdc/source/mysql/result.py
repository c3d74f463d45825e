"""What a result's header says of a column, and what its table's definition says if it comes from one, to a logical type."""

from __future__ import annotations

from pymysql.constants import FIELD_TYPE as CODE
from pymysql.constants import FLAG

from cdc.model.table import Column
from cdc.model.types import Type
from cdc.server import mysql_types
from cdc.server.mysql_types import Facts
from cdc.source.mysql.driver import ResultColumn

_BINARY = 63
"""The collation of what is no text."""
_WIDTH = 4
"""Bytes that a character of a result may take: our sessions are utf8mb4."""
_NOT_FIXED = 31
"""Decimals of a column that has no fixed number of them."""
_INTEGERS = {
    CODE.TINY: "tinyint",
    CODE.SHORT: "smallint",
    CODE.INT24: "mediumint",
    CODE.LONG: "int",
    CODE.LONGLONG: "bigint",
    CODE.YEAR: "year",
}
_CLOCKS = {CODE.TIME: "time", CODE.DATETIME: "datetime", CODE.TIMESTAMP: "timestamp"}
_PLAIN = {CODE.DATE: "date", CODE.NEWDATE: "date", CODE.FLOAT: "float", CODE.DOUBLE: "double", CODE.JSON: "json", CODE.GEOMETRY: "geometry"}
_STRINGS = {CODE.VARCHAR: ("varbinary", "varchar"), CODE.VAR_STRING: ("varbinary", "varchar"), CODE.STRING: ("binary", "char")}


def type_of(found: ResultColumn, declared: Column | None) -> Type:
    """Return the type of a result's column; its table's own where it comes from there unchanged."""
    return declared.type if declared else mysql_types.type_of(_facts(found))


def _facts(found: ResultColumn) -> Facts:
    unsigned = bool(found.flags & FLAG.UNSIGNED) and found.code != CODE.YEAR
    suffix = " unsigned" if unsigned else ""
    if found.code in _INTEGERS:
        name = _INTEGERS[found.code]
        return Facts(name, name + suffix, unsigned)
    if found.code in (CODE.NEWDECIMAL, CODE.DECIMAL):
        precision = found.length - (1 if found.decimals else 0) - (0 if unsigned else 1)
        return Facts("decimal", f"decimal({precision},{found.decimals}){suffix}", unsigned, precision=precision, scale=found.decimals)
    if found.code in _CLOCKS:
        name, fraction = _CLOCKS[found.code], 6 if found.decimals == _NOT_FIXED else found.decimals
        return Facts(name, f"{name}({fraction})" if fraction else name, fraction=fraction)
    if found.code == CODE.BIT:
        return Facts("bit", f"bit({found.length})", precision=found.length)
    if found.code in _PLAIN:
        return Facts(_PLAIN[found.code], _PLAIN[found.code] + suffix, unsigned)
    return _string(found)


def _string(found: ResultColumn) -> Facts:
    """A label of an ENUM or SET that does not come straight from its column is a text; what is always NULL is one, too."""
    binary = found.collation == _BINARY and found.code != CODE.NULL
    length = found.length if binary else found.length // _WIDTH
    if found.code in _STRINGS and not found.flags & (FLAG.ENUM | FLAG.SET):
        name = _STRINGS[found.code][not binary]
        return Facts(name, f"{name}({length})", length=length, charset=None if binary else "utf8mb4")
    name = "longblob" if binary else "longtext"
    return Facts(name, name, length=length, charset=None if binary else "utf8mb4")
