"""A folder of mapping files to specs. Each file is read once, however many pipelines use it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cdc.app.service.imported import Modules
from cdc.mapping.expression.salt import Salt
from cdc.mapping.files import csv as csv_file
from cdc.mapping.files.csv import Beside
from cdc.mapping.files.problem import Place, Problem, failed
from cdc.mapping.files.yaml12 import LIMIT
from cdc.mapping.spec.mapping import MappingSpec
from cdc.mapping.spec.read import read_mapping
from cdc.mapping.spec.reverse import reverse


class MappingFiles:
    """Mapping files on disk; `problems` are those of all files read so far."""

    def __init__(self, salt: Salt | None, modules: Modules) -> None:
        self._salt, self._modules = salt, modules
        self.problems: list[Problem] = []
        self._known: dict[Path, MappingSpec | None] = {}
        self._faulty: set[Path] = set()
        self._reversed: dict[Path, MappingSpec | None] = {}

    def read(self, path: Path) -> list[MappingSpec] | None:
        """Read one file or all of a folder, in the order of their names; None when there is none."""
        files = [path] if path.is_file() else _files(path)
        return [spec for spec in map(self._spec, files) if spec] if files else None

    def _spec(self, file: Path) -> MappingSpec | None:
        if file not in self._known:
            content, problems = read_file(file)
            spec, found = (None, problems) if content is None else read_mapping(str(file), content, beside(file))
            self._known[file] = spec and self._whole(spec)
            self.problems += found
            self._faulty |= {file} if failed(found) else set()
        return self._known[file]

    def reverse(self, spec: MappingSpec) -> MappingSpec | None:
        """Return what a mapping with `direction: both` is in the other direction; None when that does not follow, or its own file is wrong."""
        file = Path(spec.document.file)
        if file not in self._reversed and file not in self._faulty:
            made, found = reverse(spec, beside(file))
            self._reversed[file] = made and self._whole(made)
            self.problems += found
        return self._reversed.get(file)

    def _whole(self, spec: MappingSpec) -> MappingSpec:
        """Add what the service file says."""
        return replace(spec, salt=self._salt, functions=self._modules.functions(spec))


def beside(file: Path | str) -> Beside:
    """Return what opens files that a mapping names, relative to its own folder."""

    def opened(name: str) -> tuple[str, bytes | None, str]:
        path = Path(file).parent / name
        try:
            with path.open("rb") as content:
                return str(path), content.read(csv_file.LIMIT + 1), ""
        except (OSError, ValueError) as error:  # a name with a NUL in it is a ValueError
            return str(path), None, getattr(error, "strerror", None) or "not a file's name"

    return opened


def read_file(file: Path) -> tuple[bytes | None, list[Problem]]:
    """Return a file's content, cut a little above what any reader accepts."""
    try:
        with file.open("rb") as opened:
            return opened.read(LIMIT + 1), []
    except OSError as error:
        return None, [Place(str(file), 1, 1).problem("unreadable", f"the file can't be read: {error.strerror}")]


def _files(folder: Path) -> list[Path]:
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(file for file in found if file.suffix in {".yaml", ".yml"} and not file.name.startswith("."))
