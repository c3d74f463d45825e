"""The service file and its mapping files to `Settings`, and all that is wrong with any of them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path as FilePath
from typing import Literal

from cdc.app.service.databases import endpoint, one_database, one_server_id, passwords, written_secrets, zoned
from cdc.app.service.imported import Modules, listed, no_modules
from cdc.app.service.mapping_files import MappingFiles, read_file
from cdc.app.service.masking import PATH, salt, salt_text, salt_words, short_salt, written_salt
from cdc.app.service.opposite import turn_round
from cdc.app.service.protection import Protection, RetentionFile, protection
from cdc.app.service.secrets import Filled, fill, hidden
from cdc.app.service.service_file import MetricsFile, ServiceFile
from cdc.mapping.files.document import Document, Path
from cdc.mapping.files.problem import Place, Problem, did_you_mean, failed, ordered
from cdc.mapping.files.shape import validate
from cdc.mapping.files.yaml12 import read
from cdc.mapping.spec.emptied import Leg, check_shared
from cdc.mapping.spec.mapping import Direction, MappingSpec
from cdc.mapping.spec.rules import check_set
from cdc.model.endpoint import Endpoint
from cdc.model.value import value

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_LISTEN = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>[1-9][0-9]{0,4})")


@value
class Listen:
    host: str
    port: int


@value
class Pipeline:
    name: str
    source: Endpoint
    target: Endpoint
    specs: tuple[MappingSpec, ...]
    metrics: Listen | None
    """Its own address, for a process that runs this pipeline alone."""
    batch_rows: int
    protection: Protection = field(default_factory=Protection)
    part_rows: int = 20_000


@value
class Log:
    format: Literal["auto", "console", "json"]
    level: Literal["debug", "info", "warning", "error"]


@value
class Settings:
    """What the service file says. `repr` shows no password and no salt."""

    file: str
    databases: Mapping[str, Endpoint]
    pipelines: Mapping[str, Pipeline]
    metrics: Listen | None
    log: Log
    salt: str = field(default="", repr=False)

    @property
    def secrets(self) -> frozenset[str]:
        """What no log line, metric or report may hold."""
        endpoints = self.databases.values()
        return frozenset(s for e in endpoints for s in (e.password, e.options.get("sslpassword", ""), self.salt) if s)


def load(path: str | FilePath, environment: Mapping[str, str] | None = None) -> tuple[Settings | None, list[Problem]]:
    """Read the service file and every mapping file that it leads to; return all problems of all files, sorted.

    Settings come back when the service file itself is right, so that the expressions of faulty mapping files are checked in the
    same run. Nothing may be started from them unless `failed(problems)` is false.
    """
    file = FilePath(path)
    content, problems = read_file(file)
    if content is None:
        return None, [replace(problem, help="name the service file by `cdc -c FILE` or CDC_CONFIG") for problem in problems]
    document, problems = read(str(file), content)
    if document is None:
        return None, [hidden(problem, ()) for problem in problems]
    loading = _Loading(file, document, fill(document, file.parent, os.environ if environment is None else environment))
    settings = loading.settings()
    names = document.data.get("databases")
    secrets = [*passwords(document, names if isinstance(names, dict) else {}), *salt_words(document)]
    problems = [hidden(problem, secrets) for problem in (*problems, *loading.problems)]
    return None if failed(problems) else settings, ordered([*problems, *loading.mappings.problems])


def default_schema(endpoint: Endpoint) -> str:
    """Where a table is that a mapping names without a schema."""
    return {"postgresql": "public"}.get(endpoint.engine, endpoint.database)


def _leg(pipeline: Pipeline) -> Leg:
    source, target = pipeline.source, pipeline.target
    return Leg(source.name, target.name, (default_schema(source), default_schema(target)), pipeline.specs)


class _Loading:
    """One service file on its way to settings; collects what is wrong."""

    def __init__(self, file: FilePath, document: Document, filled: Filled) -> None:
        self.problems = list(filled.problems)
        self.mappings = MappingFiles(salt(filled.data), Modules(listed(filled.data)))
        self._file, self._document, self._filled = file, document, filled
        self._empty: dict[str, Problem] = {}
        """Pipelines without a mapping file."""

    def settings(self) -> Settings | None:
        specs: Mapping[str, Sequence[MappingSpec]] = {name: self._specs(name) for name in self._section("pipelines")}
        for name, given in self._section("pipelines").items():
            self._route(name, given)
        shape, mistakes = validate(ServiceFile, self._document, self._filled.data)
        unresolved = {self._document.position(path) for path in self._filled.unresolved}
        self.problems += [problem for problem in mistakes if (problem.line, problem.column) not in unresolved]
        if shape is None:
            self.problems += self._empty.values()
            return None
        self._secrets(shape)
        self.problems += no_modules(self._document, shape.python.modules if shape.python else [])
        specs = self._both_ways(shape, specs)
        databases = dict(self._databases(shape))
        for second, first in one_database(databases):
            self._report(("databases", second), "same-database", f"'{second}' and '{first}' are one database", "remove one of them")
        pipelines = dict(self._pipelines(shape, databases, specs))
        self.mappings.problems += check_shared([_leg(pipeline) for pipeline in pipelines.values()])
        for name, first, source in one_server_id((name, each.source) for name, each in pipelines.items()):
            message = f"{first} and {name} would read this server's log under one server_id, and the server ends the older reader"
            self._report(("databases", source.name, "url"), "same-server-id", message, "leave `server_id` out: each pipeline has its own")
        metrics = self._listen(("metrics",), shape.metrics)
        self._addresses(metrics, pipelines)
        return Settings(
            str(self._file), databases, pipelines, metrics, Log(shape.log.format, shape.log.level), salt_text(self._filled.data)
        )

    def _secrets(self, shape: ServiceFile) -> None:
        written = [problem for name in shape.databases for problem in written_secrets(self._document, name)]
        if shape.masking and PATH not in self._filled.unresolved:
            written += written_salt(self._document)
            self.problems += short_salt(self._document, shape.masking.salt)
        self.problems += written
        if written and self._file.stat().st_mode & stat.S_IROTH:
            place = Place(str(self._file), 1, 1)
            self.problems.append(
                place.warning("open-secret", "every user of this host can read the secrets in this file", f"chmod o-r {self._file}")
            )

    def _databases(self, shape: ServiceFile) -> Iterator[tuple[str, Endpoint]]:
        for name, given in shape.databases.items():
            self._named(("databases", name), "database")
            if ("databases", name, "url") not in self._filled.unresolved:
                found, problems = endpoint(self._document, name, given)
                self.problems += problems
                if found:
                    yield name, found

    def _pipelines(
        self, shape: ServiceFile, databases: Mapping[str, Endpoint], specs: Mapping[str, Sequence[MappingSpec]]
    ) -> Iterator[tuple[str, Pipeline]]:
        for name, given in shape.pipelines.items():
            path: Path = ("pipelines", name)
            metrics = self._listen((*path, "metrics"), given.metrics)
            source, target = databases.get(given.source), databases.get(given.target)
            if source and target:
                self.mappings.problems += check_set(specs[name], default_schema(target))
                self._bound(name, source, given.retention)
                kept = protection(given.heartbeat, given.stall, given.retention, given.delete_breaker, given.parking)
                yield (
                    name,
                    Pipeline(name, source, target, zoned(specs[name], source, target), metrics, given.batch_rows, kept, given.part_rows),
                )

    def _bound(self, name: str, source: Endpoint, given: RetentionFile) -> None:
        """A server that keeps its log by age keeps none for a pipeline."""
        if source.engine != "postgresql":
            for key in sorted(given.model_fields_set & {"budget", "give_up"}):
                advice = "binlog_expire_logs_seconds bounds it there; leave this out"
                self._report(
                    ("pipelines", name, "retention", key), "by-age", f"'{source.name}' keeps its log by age, not for a pipeline", advice
                )

    def _route(self, name: str, given: object) -> None:
        """Check what a pipeline is called and whence and whither it leads, whatever else is wrong with it."""
        path: Path = ("pipelines", name)
        self._named(path, "pipeline")
        ends = {end: given.get(end) for end in ("source", "target")} if isinstance(given, dict) else {}
        known = self._section("databases")
        for end, database in ends.items():
            if isinstance(database, str) and database not in known and (*path, end) not in self._filled.unresolved:
                advice = did_you_mean(database, known) or "name it under `databases`"
                self._report((*path, end), "unknown-database", f"there is no database '{database}'", advice)
        if ends and ends["source"] == ends["target"] is not None:
            self._report((*path, "target"), "same-database", "source and target are one database", "name another database")

    def _both_ways(self, shape: ServiceFile, specs: Mapping[str, Sequence[MappingSpec]]) -> Mapping[str, Sequence[MappingSpec]]:
        """Add the mappings that follow from those of the opposite direction; a pipeline needs some of either kind."""
        whole, nowhere = turn_round(shape.pipelines, specs, self.mappings)
        self.mappings.problems += nowhere
        self.problems += [problem for name, problem in self._empty.items() if not whole[name]]
        followed = any(spec.direction is Direction.BOTH for given in specs.values() for spec in given)
        for name in () if followed or failed(self.mappings.problems) else shape.pipelines:
            if not whole[name] and "mappings" not in self._filled.data["pipelines"][name]:
                advice = "write `mappings: folder`, or `direction: both` in mappings of the opposite pipeline"
                self._report(("pipelines", name), "no-mappings", f"the pipeline '{name}' has no mappings", advice)
        return whole

    def _specs(self, name: str) -> list[MappingSpec]:
        path = ("pipelines", name, "mappings")
        pipeline = self._filled.data["pipelines"][name]
        text = pipeline.get("mappings") if isinstance(pipeline, dict) else None
        if not isinstance(text, str) or path in self._filled.unresolved:
            return []
        specs = self.mappings.read(self._file.parent / text)
        if specs is None:
            folder = self._file.parent / text
            what = f"no mapping file (*.yaml, *.yml) is in {folder}" if folder.exists() else f"there is no folder or file {folder}"
            self._empty[name] = self._document.at(path).problem("no-mappings", what, "relative paths are relative to the service file")
        return specs or []

    def _listen(self, path: Path, given: MetricsFile | None) -> Listen | None:
        if given is None or (*path, "listen") in self._filled.unresolved:
            return None
        found = _LISTEN.fullmatch(given.listen)
        if found is None or int(found["port"]) > 65535:
            self._report((*path, "listen"), "bad-value", "'listen' must be address:port", "write 127.0.0.1:9893 or [::1]:9893")
            return None
        return Listen(found["host"].strip("[]"), int(found["port"]))

    def _addresses(self, metrics: Listen | None, pipelines: Mapping[str, Pipeline]) -> None:
        """No two processes can listen at one address."""
        taken = {(metrics.host, metrics.port): "all pipelines together"} if metrics else {}
        for name, pipeline in pipelines.items():
            if pipeline.metrics:
                owner = taken.setdefault((pipeline.metrics.host, pipeline.metrics.port), name)
                if owner != name:
                    self._report(("pipelines", name, "metrics"), "same-address", f"this address is taken by {owner}", "use another port")

    def _named(self, path: Path, what: str) -> None:
        if not _NAME.fullmatch(str(path[-1])):
            place, advice = self._document.at_key(path), "a small letter, then small letters, digits and _, 41 characters at most"
            self.problems.append(place.problem("bad-name", f"'{path[-1]}' can't name a {what}", advice))

    def _section(self, name: str) -> Mapping[str, object]:
        section = self._filled.data.get(name)
        return section if isinstance(section, dict) else {}

    def _report(self, path: Path, code: str, message: str, advice: str = "") -> None:
        self.problems.append(self._document.at(path).problem(code, message, advice))
