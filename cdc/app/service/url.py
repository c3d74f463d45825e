"""A database's URL to an `Endpoint`. Nothing of a URL but scheme and option names is ever shown: it may hold a password."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult, unquote, urlsplit

from cdc.mapping.files.problem import did_you_mean, one_of
from cdc.model.endpoint import Endpoint

_PORTS = {"postgresql": 5432, "mysql": 3306}
_SPELLINGS = {"postgres": "postgresql", "pgsql": "postgresql", "pg": "postgresql", "mariadb": "mysql", "jdbc:postgresql": "postgresql"}
_SOCKETS = {"postgresql": "host", "mysql": "unix_socket"}
OPTIONS: Mapping[str, Mapping[str, str]] = {
    "postgresql": {
        "host": "Folder of the server's unix socket.",
        "sslmode": "How much TLS: `verify-full` proves that it is the right server.",
        "sslrootcert": "File of the certificates that sign the server's, or `system`.",
        "sslcert": "File of the client's certificate.",
        "sslkey": "File of the client's key.",
        "sslpassword": "Password of the client's key.",
        "sslcrl": "File of revoked certificates.",
        "ssl_min_protocol_version": "Lowest TLS version that is accepted.",
        "channel_binding": "`require` proves that nobody stands between.",
        "require_auth": "Ways to log in that are accepted.",
        "gssencmode": "Encryption by Kerberos.",
        "krbsrvname": "The server's name in Kerberos.",
        "passfile": "File of passwords, instead of ~/.pgpass.",
        "connect_timeout": "Seconds to wait for a connection.",
        "failover": "`true`: the slot goes with the log to standbys, from PostgreSQL 17 on.",
        "silence": "Seconds without a sign of life after which the server counts as gone; 30 where it is not given.",
    },
    "mysql": {
        "unix_socket": "The server's unix socket.",
        "ssl_ca": "File of the certificates that sign the server's. TLS is used and the server's name is checked.",
        "ssl_cert": "File of the client's certificate.",
        "ssl_key": "File of the client's key.",
        "server_id": "Our number among the readers of the server's log; made from pipeline and host where it is not given.",
        "silence": "Seconds without a sign of life after which the server counts as gone; 30 where it is not given.",
    },
}
"""What may stand behind the URL's `?`. The rest of libpq's options would undo what our sessions rely on."""
_ELSEWHERE = {
    "postgresql": {"ssl_ca": "sslrootcert", "ssl_cert": "sslcert", "ssl_key": "sslkey", "unix_socket": "host"},
    "mysql": {"sslmode": "ssl_ca", "sslrootcert": "ssl_ca", "sslcert": "ssl_cert", "sslkey": "ssl_key", "host": "unix_socket"},
}
_CHOICES = {"sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"), "failover": ("true", "false")}
_LARGEST = {"connect_timeout": 2**31 - 1, "server_id": 2**32 - 1, "silence": 3600}
_ENCODED = "in a user, password or database name write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25; or use `password:`"


class BadUrl(Exception):
    """The URL can't be read. `part` is the piece of it that is meant, empty for the whole."""

    def __init__(self, message: str, advice: str, part: str = "") -> None:
        super().__init__(message)
        self.message, self.advice, self.part = message, advice, part


def read_url(name: str, url: str, password: str) -> Endpoint:
    """Read the URL of the database `name`; `password` is what stands beside it. Raises `BadUrl`."""
    engine, parts, port = _split(url)
    found = Endpoint(
        name=name,
        engine=engine,
        host=_decoded(parts.hostname or ""),
        port=port,
        user=_decoded(parts.username or ""),
        password=password or _decoded(parts.password or ""),
        database=_decoded(parts.path.removeprefix("/")),
        options=dict(_options(engine, parts.query)),
    )
    socket = _SOCKETS[engine]
    if not found.host and socket not in found.options:
        raise BadUrl("the URL has no host", f"write {engine}://user@host/database, or ?{socket}=/path for a unix socket")
    for what, text in (("user", found.user), ("database", found.database)):
        if not text or "\0" in text:
            raise BadUrl(f"the URL has no {what}", f"write {engine}://user@host/database")
    return found


def has_password(url: str) -> bool:
    """Whether the user's password is part of the URL."""
    return bool(re.search(r"://[^/?#]*:[^/?#]+@", url))


def _split(url: str) -> tuple[str, SplitResult, int]:
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise BadUrl("the URL has no scheme", "write postgresql://user@host:5432/database or mysql://user@host:3306/database")
    if scheme not in _PORTS:
        shown = f"'{scheme}'" if re.fullmatch(r"[A-Za-z][A-Za-z0-9+:]{0,20}", scheme) else "of the URL"
        near = _SPELLINGS.get(scheme.lower())
        advice = f"did you mean '{near}://'?" if near else did_you_mean(scheme, _PORTS) or "write postgresql:// or mysql://"
        raise BadUrl(f"unknown scheme {shown}", advice, scheme)
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise BadUrl("the URL has a blank in it", "write a blank as %20")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadUrl("the URL's host or port can't be read", "write host:5432 or [::1]:5432; " + _ENCODED) from error
    if parts.fragment or "@" in parts.path + parts.query or "/" in parts.path[1:] or re.search(r"%(?![0-9A-Fa-f]{2})", url):
        raise BadUrl("the URL has a character that must be encoded", _ENCODED)
    if port == 0:
        raise BadUrl("the URL's port must be 1 to 65535", "")
    return scheme, parts, port or _PORTS[scheme]


def _options(engine: str, query: str) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for pair in query.split("&") if query else ():
        key, equals, text = pair.partition("=")
        if key not in OPTIONS[engine]:
            near = _ELSEWHERE[engine].get(key)
            advice = (
                f"did you mean '{near}'?" if near else did_you_mean(key, OPTIONS[engine]) or f"there are {one_of(list(OPTIONS[engine]))}"
            )
            raise BadUrl(f"unknown option '{key}' in a {engine} URL", advice, key)
        if not equals or not text:
            raise BadUrl(f"the URL's option '{key}' has no value", f"write {key}=value", key)
        if key in seen:
            raise BadUrl(f"the URL has the option '{key}' twice", "keep one of them", key)
        _check_value(key, text)
        seen.add(key)
        yield key, _decoded(text)


def _check_value(key: str, text: str) -> None:
    if key in _CHOICES and text not in _CHOICES[key]:
        raise BadUrl(f"the URL's option '{key}' must be {one_of(_CHOICES[key])}", did_you_mean(text, _CHOICES[key]), text)
    if key in _LARGEST and not (re.fullmatch("[1-9][0-9]{0,9}", text) and int(text) <= _LARGEST[key]):
        raise BadUrl(f"the URL's option '{key}' must be a number from 1 to {_LARGEST[key]}", "", text)


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise BadUrl("a % escape in the URL is not UTF-8", _ENCODED) from error
