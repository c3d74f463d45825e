"""A folder of mapping files to specs. Each file is read once, however many pipelines use it."""

from __future__ import annotations

from pathlib import Path

from cdc.mapping.problem import Place, Problem
from cdc.mapping.read import read_mapping
from cdc.mapping.spec import MappingSpec
from cdc.mapping.yaml12 import LIMIT


class MappingFiles:
    """Mapping files on disk; `problems` are those of all files read so far."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._known: dict[Path, MappingSpec | None] = {}

    def read(self, path: Path) -> list[MappingSpec] | None:
        """Read one file or all of a folder, in the order of their names; None when there is none."""
        files = [path] if path.is_file() else _files(path)
        return [spec for spec in map(self._spec, files) if spec] if files else None

    def _spec(self, file: Path) -> MappingSpec | None:
        if file not in self._known:
            content, problems = read_file(file)
            self._known[file], found = (None, problems) if content is None else read_mapping(str(file), content)
            self.problems += found
        return self._known[file]


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
