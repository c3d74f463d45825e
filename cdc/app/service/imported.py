"""The service file's `python` → the functions that mappings name: imported from modules that it lists, and from nowhere else."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from cdc.mapping.files.document import Document
from cdc.mapping.files.problem import Problem, did_you_mean
from cdc.mapping.spec.mapping import Computed, Function, Functions, MappingSpec, Unavailable
from cdc.mapping.spec.python import FUNCTION, MODULE, NO_NAME

PATH = ("python", "modules")


def listed(data: Mapping[str, Any]) -> frozenset[str]:
    """Return the modules that a service file lists; what is no module's name is none of them."""
    section = data.get("python")
    names = section.get("modules") if isinstance(section, dict) else None
    return frozenset(name for name in (names if isinstance(names, list) else ()) if isinstance(name, str) and MODULE.fullmatch(name))


def no_modules(document: Document, names: list[str]) -> Iterator[Problem]:
    """Find what is no module's name."""
    for at, name in enumerate(names):
        if not MODULE.fullmatch(name):
            yield document.at((*PATH, at)).problem("bad-module", f"'{name}' is no module's name", "write its whole name: `package.module`")


class Modules:
    """What may be imported, and what was found. A module is imported when a mapping first names a function of it."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._found: dict[str, Function | Unavailable] = {}

    def functions(self, spec: MappingSpec) -> Functions:
        """Return the functions that a spec names, or why they can't be called."""
        return {given.function: self._function(given.function) for given in spec.columns.values() if isinstance(given, Computed)}

    def _function(self, name: str) -> Function | Unavailable:
        if name not in self._found:
            self._found[name] = self._look(name)
        return self._found[name]

    def _look(self, name: str) -> Function | Unavailable:
        if not FUNCTION.fullmatch(name):
            return NO_NAME
        module, _, attribute = name.partition(":")
        if module not in self._names:
            advice = did_you_mean(module, self._names) or f"write `python: {{modules: [{module}]}}` there"
            return Unavailable("unlisted-module", f"the service file does not list the module '{module}'", advice)
        try:
            made = import_module(module)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever its code does
            advice = "install it where cdc is installed, or name its folder by PYTHONPATH"
            return Unavailable("no-module", f"the module '{module}' can't be imported: {type(error).__name__}: {error}", advice)
        function = getattr(made, attribute, None)
        return _refused(module, attribute, made, function) or function  # type: ignore[return-value]  # it can be called


def _refused(module: str, attribute: str, made: object, function: object) -> Unavailable | None:
    """Return what keeps it from being a function of a row."""
    if function is None:
        return Unavailable("no-function", f"the module '{module}' has no function '{attribute}'", did_you_mean(attribute, dir(made)))
    if not callable(function) or inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        return Unavailable("no-function", f"'{attribute}' of '{module}' is no plain function", "write `def name(row): return …`")
    try:
        inspect.signature(function).bind({})
    except ValueError:
        return None  # it does not tell
    except TypeError:
        return Unavailable("no-function", f"'{attribute}' of '{module}' does not take one argument, the row", "write `def name(row): …`")
    return None
