"""`${env:X}`, `${file:/path}` and `${cred:name}` in the service file to their texts; and reports that show no secret."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any

from cdc.mapping.files.document import Data, Document, Path
from cdc.mapping.files.problem import Place, Problem, did_you_mean
from cdc.model.value import value

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<kind>[a-z]+):(?P<name>[^{}]+)\}|\$\{[^{}]*(?P<end>\}?)")
_KINDS = ("env", "file", "cred")
_HINT = "write ${env:NAME}, ${file:/path} or ${cred:name}; $${ stands for ${ itself"
_LARGEST = 65_536
"""Bytes of a secret's file at most."""
_SHORTEST = 4
"""A shorter secret would blot out half of the words."""
_IN_URL = re.compile(r"://[^\s:/@\"']{0,200}:(?P<secret>[^\s\"']{1,500})@")
_BEFORE_AT = re.compile(r":(?!//)(?P<secret>[^\s\"']{1,500})@")
_IN_OPTION = re.compile(r"password=(?P<secret>[^&\s\"']+)")
_AS_VALUE = re.compile(r"""(?:password|salt)["']?\s*:\s*(?P<secret>"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,}][^,}]*)""")


@value
class Filled:
    """The service file's data with every reference replaced."""

    data: dict[str, Any]
    problems: list[Problem]
    unresolved: Collection[Path]
    """Where a reference leads to nothing; such a value is still as it is written."""


def fill(document: Document, folder: FilePath, environment: Mapping[str, str]) -> Filled:
    """Replace the references in all texts of the document. Relative paths are relative to `folder`."""
    filling = _Filling(document, folder, environment)
    return Filled(filling.data(document.data, ()), filling.problems, filling.unresolved)


def written(text: str) -> str:
    """Return what of the text stands in the file itself rather than behind a reference."""
    return _REFERENCE.sub("", text).strip()


def hidden(problem: Problem, secrets: Collection[str]) -> Problem:
    """Return the problem with every secret in its source line starred out, width kept."""
    return replace(problem, excerpt=_starred(problem.excerpt, frozenset(secrets)))


@lru_cache(maxsize=16)
def _starred(line: str, secrets: frozenset[str]) -> str:
    """Cached, because one long line may have many problems."""
    for pattern in (_IN_URL, _BEFORE_AT, _IN_OPTION, _AS_VALUE):
        line = pattern.sub(lambda found: found[0].replace(found["secret"], _stars(found["secret"])), line)
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST or line.strip() == secret:
            line = line.replace(secret, "*" * len(secret))
    return line


def _stars(secret: str) -> str:
    return secret if not written(secret.strip("\"'")) else "*" * len(secret)


class _MissingError(Exception):
    """A reference leads to nothing: a message, and the way out."""


class _Filling:
    def __init__(self, document: Document, folder: FilePath, environment: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self.unresolved: set[Path] = set()
        self._document, self._folder, self._environment = document, folder, environment

    def data(self, given: Data, path: Path) -> Any:
        if isinstance(given, dict):
            return {key: self.data(inner, (*path, key)) for key, inner in given.items()}
        if isinstance(given, list):
            return [self.data(inner, (*path, at)) for at, inner in enumerate(given)]
        if isinstance(given, str) and "${" in given:
            return self._text(given, path)
        if path[-1] in ("password", "salt") and given is not None:
            return self._document.scalar(path)  # one of digits is a text
        return given

    def _text(self, given: str, path: Path) -> str:
        text = _REFERENCE.sub(lambda found: self._reference(found, path), given)
        return given if path in self.unresolved else text

    def _reference(self, found: re.Match[str], path: Path) -> str:
        if found[0] == "$${":
            return "${"
        place = self._document.within(path, found.start(), found.end() - found.start())
        try:
            text = self._resolved(found, place)
        except _MissingError as error:
            self.unresolved.add(path)
            self.problems.append(place.problem("missing-secret", *error.args))
            return ""
        if not text:
            self.unresolved.add(path)
            self.problems.append(place.problem("missing-secret", f"{found[0]} is empty", "give it a value, or remove the reference"))
        return text

    def _resolved(self, found: re.Match[str], place: Place) -> str:
        kind, name = found["kind"], found["name"]
        if kind == "env":
            if name not in self._environment:
                raise _MissingError(f"the environment variable {name} is not set", did_you_mean(name, self._environment))
            return self._environment[name]
        if kind == "file":
            return self._file(self._folder / name, place)
        if kind == "cred":
            return self._credential(name, place)
        if kind:
            raise _MissingError(f"unknown reference '{kind}:'", did_you_mean(kind, _KINDS) or _HINT)
        raise _MissingError("a reference without its kind" if found["end"] else "the reference is never closed with }", _HINT)

    def _credential(self, name: str, place: Place) -> str:
        folder = self._environment.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise _MissingError(
                "systemd gave this process no credentials", f"write `LoadCredential={name}:/path` into the unit, or use ${{file:/path}}"
            )
        if "/" in name:
            raise _MissingError(f"'{name}' is not a credential's name", "for a file of yours use ${file:/path}")
        return self._file(FilePath(folder) / name, place)

    def _file(self, path: FilePath, place: Place) -> str:
        try:
            with path.open("rb") as opened:
                if os.fstat(opened.fileno()).st_mode & stat.S_IROTH:
                    self.problems.append(place.warning("open-secret", f"every user of this host can read {path}", f"chmod o-rwx {path}"))
                content = opened.read(_LARGEST + 1)
            if len(content) > _LARGEST:
                raise _MissingError(f"{path} has more than {_LARGEST:,} bytes", "is it the right file?")
            return content.decode().rstrip("\r\n")
        except OSError as error:
            raise _MissingError(f"{path} can't be read: {error.strerror}", "") from error
        except ValueError as error:  # not UTF-8, or a name that no file can have
            raise _MissingError(f"{path} is no file of UTF-8 text", "") from error
