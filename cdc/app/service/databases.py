"""The service file's `databases` to endpoints, and what is wrong with them or should stand elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from zoneinfo import available_timezones

from cdc.app.service.secrets import written
from cdc.app.service.service_file import DatabaseFile
from cdc.app.service.url import BadUrl, has_password, read_url
from cdc.mapping.files.document import Document, Path
from cdc.mapping.files.problem import Problem, did_you_mean
from cdc.mapping.spec.mapping import MappingSpec
from cdc.model.endpoint import Endpoint
from cdc.model.types import Zones

_KEY_PASSWORD = re.compile(r"[?&]sslpassword=[^&]")
_LOOPBACK = {"localhost": "127.0.0.1", "::1": "127.0.0.1"}


def endpoint(document: Document, name: str, given: DatabaseFile) -> tuple[Endpoint | None, list[Problem]]:
    """Read one database; `given` has its references replaced."""
    path = ("databases", name, "url")
    try:
        found = read_url(name, given.url, given.password)
    except BadUrl as error:
        at = (document.scalar(path) or "").find(error.part)
        place = document.within(path, at, len(error.part)) if error.part and at >= 0 else document.at(path)
        return None, [place.problem("bad-url", error.message, error.advice)]
    if given.password and has_password(given.url):
        place = document.at((*path[:-1], "password"))
        return found, [place.problem("two-passwords", "a password stands in the URL too", "keep `password:`")]
    if given.time_zone and given.time_zone not in available_timezones():
        advice = did_you_mean(given.time_zone, available_timezones()) or "write a name of IANA's list: Europe/Berlin, UTC"
        return None, [document.at((*path[:-1], "time_zone")).problem("unknown-zone", f"there is no time zone '{given.time_zone}'", advice)]
    return replace(found, time_zone=given.time_zone), []


def zoned(specs: Iterable[MappingSpec], source: Endpoint, target: Endpoint) -> tuple[MappingSpec, ...]:
    """Tell mappings where the clocks of their two databases are."""
    zones = Zones(source.time_zone, target.time_zone)
    return tuple(replace(spec, zones=zones) for spec in specs)


def written_secrets(document: Document, name: str) -> Iterator[Problem]:
    """A secret in the service file works; it should stand where fewer people look."""
    path: Path = ("databases", name)
    url, password = (written(document.scalar((*path, key)) or "") for key in ("url", "password"))
    for key, found in (("password", bool(password)), ("url", has_password(url) or bool(_KEY_PASSWORD.search(url)))):
        if found:
            advice = f'write `password: "${{file:/etc/cdc/{name}.password}}"`'
            yield document.at((*path, key)).warning("secret-in-file", "a secret is written in the service file", advice)


def passwords(document: Document, names: Mapping[str, object]) -> list[str]:
    """Return the words of the passwords that are written in the service file, as its lines show them."""
    found = (document.scalar(("databases", name, "password")) or "" for name in names)
    return [word for password in found if written(password) for word in password.split()]


def one_database(endpoints: Mapping[str, Endpoint]) -> Iterator[tuple[str, str]]:
    """Yield names that lead to one database: the second name and the first."""
    seen: dict[object, str] = {}
    for name, e in endpoints.items():
        where = (e.engine, _LOOPBACK.get(e.host, e.host), e.port, e.database, e.options.get("host"), e.options.get("unix_socket"))
        first = seen.setdefault(where, name)
        if first != name:
            yield name, first


def one_server_id(sources: Iterable[tuple[str, Endpoint]]) -> Iterator[tuple[str, str, Endpoint]]:
    """Yield pipelines that would read one server's log under one number: the second's name, the first's, and what the second reads."""
    seen: dict[object, str] = {}
    for name, source in sources:
        if number := source.options.get("server_id"):
            first = seen.setdefault((source.host, source.port, number), name)
            if first != name:
                yield name, first, source
