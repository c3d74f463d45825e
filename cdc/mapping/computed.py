"""A column that a function of the service's own modules makes: checked against what the service allows, and wrapped for the loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cdc.mapping.expression.check import check_value
from cdc.mapping.expression.node import Apply, Column, Node
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.scope import Scope
from cdc.mapping.files.problem import Problem
from cdc.mapping.python_value import dumper, loader
from cdc.mapping.spec.mapping import Computed, Function, MappingSpec, Unavailable, quoted
from cdc.mapping.spec.python import function_path
from cdc.model import table
from cdc.model.types import Kind, Type, Zones

_NO_TYPE = Type(Kind.OTHER, "")


def computed(spec: MappingSpec, given: Computed, scope: Scope, target: table.Column | None) -> tuple[Node | None, list[Problem]]:
    """Return what calls the function; None when something is wrong, or no table is known."""
    function = spec.functions.get(given.function) or _unlisted(given.function)
    problems: list[Problem] = []
    if isinstance(function, Unavailable):
        place = spec.document.at(function_path(spec.document, given.path))
        problems.append(place.problem(function.code, function.message, function.help))
    parts: list[Column] = []
    for sql in given.columns if given.columns is not None else [quoted(name, given.path) for name in scope.columns or ()]:
        node, refused = check_value(sql.text, scope)
        problems += [spec.document.within(sql.path, 0, len(sql.text) - 2).problem(one.code, one.message, one.help) for one in refused]
        parts += [node] if isinstance(node, Column) else []
    if problems or isinstance(function, Unavailable) or target is None or scope.columns is None:
        return None, problems
    return Apply(given.function, _wrapped(given.function, function, parts, target.type, spec.zones), tuple(parts)), []


def _unlisted(name: str) -> Unavailable:
    module = name.partition(":")[0]
    return Unavailable(
        "unlisted-module", f"the service file does not list the module '{module}'", f"write `python: {{modules: [{module}]}}`"
    )


def _wrapped(name: str, function: Function, parts: Sequence[Column], target: Type, zones: Zones) -> Callable[..., str | None]:
    """Return the function over texts. It raises `BadValue`, never with a value or with what the function's own error says."""
    columns = [(part.name, loader(part.column or _NO_TYPE)) for part in parts]
    dump = dumper(target, zones)

    def call(*texts: str | None) -> str | None:
        row: dict[str, object] = {}
        for (column, load), text in zip(columns, texts, strict=True):
            try:
                row[column] = text if text is None or load is None else load(text)
            except (ValueError, ArithmeticError):
                raise BadValue(f"{name}: Python has no value for what '{column}' holds") from None
        try:
            made = function(row)
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever its code does, the row is at fault or the function
            raise BadValue(f"{name} raised {type(error).__name__}") from None
        try:
            return None if made is None else dump(made)
        except BadValue as error:
            raise BadValue(f"{name}: {error}") from None

    return call
