"""Two databases to first mapping files, and to a first service file. Files that are there are never touched."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from cdc.app.service.config import default_schema
from cdc.app.service.databases import endpoint
from cdc.app.service.mapping_files import read_file
from cdc.app.service.secrets import fill
from cdc.app.service.service_file import ServiceFile
from cdc.mapping.files.problem import Problem
from cdc.mapping.files.shape import validate
from cdc.mapping.files.yaml12 import read
from cdc.mapping.tools.first_file import text
from cdc.mapping.tools.propose import Proposal, proposals
from cdc.mapping.tools.similar import Tables, tables
from cdc.model.endpoint import Endpoint
from cdc.model.errors import Misconfigured
from cdc.model.table import Definition, TableName
from cdc.model.value import value
from cdc.source.base import SourceAdmin
from cdc.sql import ledger
from cdc.target.base import TargetAdmin


def databases(path: Path) -> tuple[Mapping[str, Endpoint], list[Problem]]:
    """Read the databases of a service file whose mappings may not be there yet."""
    content, problems = read_file(path)
    document, found = read(str(path), content) if content is not None else (None, [])
    if document is None:
        return {}, [*problems, *found]
    filled = fill(document, path.parent, os.environ)
    shape, mistakes = validate(ServiceFile, document, filled.data)
    made = {name: endpoint(document, name, given) for name, given in (shape.databases if shape else {}).items()}
    wrong = [problem for _, problems in made.values() for problem in problems]
    return {name: one for name, (one, _) in made.items() if one}, [*found, *filled.problems, *mistakes, *wrong]


@value
class Scaffold:
    """What was found, nothing of it written yet."""

    proposals: Sequence[Proposal]
    """With a key: those that make a file."""
    keyless: Sequence[Proposal]
    alone: Sequence[TableName]
    """Tables of the source without a partner."""


def scaffold(sources: Mapping[TableName, Definition], targets: Mapping[TableName, Definition]) -> Scaffold:
    """Propose mappings between the tables of two databases."""
    found: list[Tables] = tables(sources.values(), list(targets.values()))
    made = proposals(found)
    paired = {one.source.name for one in found}
    return Scaffold([one for one in made if one.key], [one for one in made if not one.key], sorted(sources.keys() - paired))


def described(admin: SourceAdmin | TargetAdmin, database: Endpoint) -> Mapping[TableName, Definition]:
    """Describe the tables of a database that our account may see, ours left out."""
    names = [name for name in admin.tables() if name.schema != ledger.SCHEMA]
    within = [name for name in names if database.engine != "mysql" or name.schema == database.database]
    return admin.definitions(within)


def files(found: Scaffold, source: Endpoint, target: Endpoint, folder: Path) -> Mapping[Path, str]:
    """Return the files and their texts."""
    schemas = default_schema(source), default_schema(target)
    return {folder / f"{proposal.name}.yaml": text(proposal, schemas) for proposal in found.proposals}


def write(given: Mapping[Path, str]) -> None:
    """Write the files; none when one of them is there."""
    there = [str(path) for path in given if path.exists()]
    if there:
        raise Misconfigured(f"{', '.join(there)}: already there, nothing was written", "Name another folder with --dir, or move them away.")
    for path, content in given.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(content)


def service_file(databases: Mapping[str, str], folder: Path) -> str:
    """Return a first service file for two databases by their URLs: the first is the source."""
    (source, _), (target, _) = databases.items()
    lines = [f'  {name}: {{url: "{url}", password: "${{file:{name}.password}}"}}' for name, url in databases.items()]
    return "\n".join(
        [
            "# Passwords stand in files of their own, which nobody else can read: chmod 600.",
            "version: 1",
            "databases:",
            *lines,
            "pipelines:",
            f"  {source}_to_{target}: {{source: {source}, target: {target}, mappings: {folder}}}",
            'metrics: {listen: "127.0.0.1:9893"}',
            "",
        ]
    )
