"""`python -m bench.initial`: the initial load of one table beside the servers' own tools, whole processes, from an empty table to a full one."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.contest import Contest
from bench.daemon import Daemon
from bench.mappings import COPY
from bench.workload import TABLE, create, execute, fill
from demo.servers import PASSWORD, PostgreSQL, Server, running

_CHUNK = 100_000


@dataclass(frozen=True)
class Tool:
    name: str
    pair: str
    command: str
    """Of a shell; `{source}` and `{target}` are URLs with the password, `{from}` and `{to}` what the servers' own clients take, `{folder}` is an empty one."""
    makes: bool
    """It makes the table itself."""
    limit: float | None = None
    """How many times its time ours may take."""

    def there(self) -> bool:
        return all(shutil.which(part.split()[0]) for part in self.command.replace("&&", "|").split("|"))


_MY_HEADS = "--protocol=tcp --host=127.0.0.1 --user=cdc --port={port}"
TOOLS = (
    Tool("pgcopydb", "pg-pg", "pgcopydb clone --source {source} --target {target} --dir {folder}/work --table-jobs 2 --no-owner", makes=True, limit=1.5),
    Tool("pg_dump | psql", "pg-pg", "pg_dump --data-only --table sales_order {source} | psql --quiet {target}", makes=False),
    Tool("pgloader", "my-pg", "pgloader --quiet {source} {target}", makes=True, limit=1.0),
    Tool("mariadb-dump | mariadb", "my-my", "mariadb-dump --no-create-info --single-transaction {from} | mariadb {to}", makes=False),
    Tool(
        "mydumper, myloader", "my-my",
        "mydumper --threads 2 {from_long} --outputdir {folder}/dump && myloader --threads 2 --overwrite-tables {to_long} --directory {folder}/dump",
        makes=True,
    ),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.initial", description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("pairs", nargs="*", default=("pg-pg", "my-pg", "pg-my", "my-my"))
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="cdc-initial-"))
    folder.chmod(0o755)
    table = Table(title=f"{given.rows:,} rows from an empty table to a full one, whole processes; medians of {given.rounds}")
    for head in ("pair", "cdc, seconds", "rows/s", "beside", "seconds", "ours / theirs", "target", ""):
        table.add_column(head, justify="left" if head in ("pair", "beside", "") else "right")
    contest, progress = Contest(folder), Console(stderr=True)
    try:
        with running(*contest.sources.values(), *contest.targets.values()):
            for pair in given.pairs:
                source, target = (
                    servers[engine] for servers, engine in zip((contest.sources, contest.targets), pair.split("-"), strict=True)
                )
                name = f"load_{pair.replace('-', '_')}"
                create(source, name)
                for first in range(1, given.rows, _CHUNK):
                    fill(source, name, first, min(first + _CHUNK - 1, given.rows))
                tools = [tool for tool in TOOLS if tool.pair == pair and tool.there()]
                ours: list[float] = []
                theirs: dict[str, list[float]] = {tool.name: [] for tool in tools}
                for number in range(given.rounds):
                    progress.print(f"{pair}, round {number + 1} of {given.rounds}")
                    ours.append(_ours(folder / f"{name}_{number}", source, name, target, f"{name}_{number}", given.rows))
                    for at, tool in enumerate(tools):
                        theirs[tool.name].append(_theirs(tool, folder, source, name, target, f"{name}_{number}_{at}", given.rows))
                _add(table, pair, given.rows, ours, tools, theirs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    Console(width=160).print(table)


def _add(table: Table, pair: str, rows: int, ours: Sequence[float], tools: Sequence[Tool], theirs: Mapping[str, Sequence[float]]) -> None:
    own = statistics.median(ours)
    table.add_row(pair, f"{own:.1f}", f"{rows / own:,.0f}")
    for tool in tools:
        other = statistics.median(theirs[tool.name])
        met = "" if tool.limit is None else "met" if own / other <= tool.limit else "MISSED"
        table.add_row("", "", "", tool.name, f"{other:.1f}", f"{own / other:.2f}", "" if tool.limit is None else f"≤ {tool.limit:g}", met)


def _ours(folder: Path, source: Server, name: str, target: Server, copy: str, rows: int) -> float:
    create(target, copy)
    daemon = Daemon(folder, source, name, target, copy, COPY.text)
    daemon.setup()
    began = time.perf_counter()
    daemon.once()
    taken = time.perf_counter() - began
    _prove(target, copy, rows)
    daemon.teardown()
    return taken


def _theirs(tool: Tool, folder: Path, source: Server, name: str, target: Server, copy: str, rows: int) -> float:
    scratch = folder / copy
    scratch.mkdir()
    if tool.makes:
        target.create(copy)
    else:
        create(target, copy)
    if isinstance(target, PostgreSQL):
        execute(target, None, f"alter database {copy} set search_path = public, {name}")  # pgloader names the schema as MariaDB's database
    words = {
        "source": _url(source, name), "target": _url(target, copy), "folder": str(scratch),
        "from": f"{_MY_HEADS.format(port=source.port)} {name}", "to": f"{_MY_HEADS.format(port=target.port)} {copy}",
        "from_long": f"--host=127.0.0.1 --user=cdc --port={source.port} --password={PASSWORD} --database={name}",
        "to_long": f"--host=127.0.0.1 --user=cdc --port={target.port} --password={PASSWORD} --database={copy}",
    }  # fmt: skip
    began = time.perf_counter()
    ran = subprocess.run(
        ["sh", "-c", tool.command.format(**words)], capture_output=True, text=True, check=False,
        env={**os.environ, "MYSQL_PWD": PASSWORD, "PGOPTIONS": "-c datestyle=ISO"},
    )  # fmt: skip
    taken = time.perf_counter() - began
    if ran.returncode:
        raise RuntimeError(f"{tool.name} ended with {ran.returncode}: {ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    _prove(target, copy, rows)
    return taken


def _prove(target: Server, database: str, rows: int) -> None:
    found = execute(target, database, f"select count(*) from {TABLE}")[0][0]
    if found != rows:
        raise AssertionError(f"{found} of {rows} rows are there")


def _url(server: Server, database: str) -> str:
    kind = "postgresql" if isinstance(server, PostgreSQL) else "mysql"
    return f"{kind}://cdc:{PASSWORD}@127.0.0.1:{server.port}/{database}"


if __name__ == "__main__":
    main()
