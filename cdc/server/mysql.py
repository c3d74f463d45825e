"""MySQL and MariaDB connections: how we log in, what every session sets, and what each error number means for us."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import pymysql
from pymysql.connections import Connection

from cdc.model.endpoint import Endpoint
from cdc.model.errors import CdcError, Denied, Unreachable
from cdc.server.certificate import ends
from cdc.server.mysql_errors import HINTS, KINDS
from cdc.server.silence import connected

SQL_MODE = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES"
"""Whatever a server holds must go in, a 30th of February too; what it can't hold is an error, and so is what it would cut."""


def parameters(endpoint: Endpoint) -> dict[str, Any]:
    """Return PyMySQL's connection arguments for an endpoint."""
    given: dict[str, Any] = {
        "host": endpoint.host, "port": endpoint.port, "user": endpoint.user, "password": endpoint.password, "charset": "utf8mb4",
        "connect_timeout": 10, "read_timeout": 600, "write_timeout": 600, "autocommit": True, "local_infile": False,
    }  # fmt: skip
    if socket := endpoint.options.get("unix_socket"):
        given["unix_socket"] = socket
    if tls := _tls(endpoint.options):
        given["ssl"] = tls
    return given


def _tls(options: Mapping[str, str]) -> ssl.SSLContext | None:
    """`ssl_ca` (and `ssl_cert`, `ssl_key`) ask for TLS with the server's name checked.

    Without them PyMySQL speaks TLS where it is offered, and trusts anybody.
    """
    if not any(key.startswith("ssl_") for key in options):
        return None
    context = ssl.create_default_context(cafile=options.get("ssl_ca"))
    if cert := options.get("ssl_cert"):
        context.load_cert_chain(cert, options.get("ssl_key"))
    return context


def opened(options: Mapping[str, str], **given: Any) -> Connection[Any]:
    """Open a connection over a socket that notices when nobody answers any more; PyMySQL's own would wait for hours."""
    connection: Connection[Any] = pymysql.connect(**given, defer_connect=True)
    if "unix_socket" in given:
        connection.connect()
        return connection
    try:
        watched = connected(given["host"], given["port"], given["connect_timeout"], options)
    except OSError as error:
        raise pymysql.err.OperationalError(2003, f"Can't connect to MySQL server on {given['host']!r} ({error})") from error
    connection.connect(watched)
    return connection


def connect(endpoint: Endpoint, *, database: bool = True) -> Connection[Any]:
    """Open an autocommit connection with our session settings. Raises `Unreachable`, `Denied` or `Misconfigured`."""
    with translated(endpoint.name):
        connection = opened(endpoint.options, **parameters(endpoint), database=endpoint.database if database else None)
        with connection.cursor() as cursor:
            cursor.execute("set names utf8mb4")
            cursor.execute(f"set session sql_mode = '{SQL_MODE}', time_zone = '+00:00'")
            cursor.execute("set session transaction isolation level read committed")
        return connection


def certificate(endpoint: Endpoint) -> float | None:
    """Return when the server's certificate ends, as Unix time; None where we speak no TLS with it. Raises `CdcError`."""
    connection = connect(endpoint, database=False)
    try:
        channel = connection._sock  # type: ignore[attr-defined]  # noqa: SLF001, PyMySQL has no other way to it
        return ends(endpoint, channel.getpeercert(binary_form=True)) if isinstance(channel, ssl.SSLSocket) else None
    finally:
        connection.close()


def connect_to_ask(endpoint: Endpoint) -> Connection[Any]:
    """Connect as `connect` does, but let an account in that has no privilege in the database: it asks which ones it lacks."""
    connection = connect(endpoint, database=False)
    try:
        with suppress(Denied), translated(endpoint.name):
            connection.select_db(endpoint.database)
    except CdcError:
        connection.close()
        raise
    return connection


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn PyMySQL's errors into ours; `where` names the database in the text."""
    try:
        yield
    except pymysql.MySQLError as error:
        raise classify(error, where) from error
    except (OSError, ssl.SSLError) as error:
        raise Unreachable(f"{where}: {error}") from error
    except RuntimeError as error:
        if "LOAD_LOCAL" not in str(error):
            raise
        raise CdcError(f"{where}: the server asks for a file of this host, which it does not get", _STRANGE) from None


def classify(error: pymysql.MySQLError, where: str) -> CdcError:
    """Name the class of a PyMySQL error. Messages that quote values ("Duplicate entry 'x'") lose them."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    kind = KINDS.get(number) or (CdcError if number else Unreachable)
    text = _without_values(number, str(error.args[-1]) if error.args else str(error))
    return kind(f"{where}: {text} (error {number})", _CERTIFICATE if _UNTRUSTED in text else HINTS.get(number, ""))


def _without_values(number: int, text: str) -> str:
    if number == _SIGNAL:
        return "a trigger or routine refuses the row; the text is its own"
    if number == _PARTITION:
        return "the table has no partition for a value of the row"
    if number in _QUOTING and "'" in text:
        head, _, rest = text.partition("'")
        return head.rstrip() + (" for " + rest.rpartition("' for ")[2] if "' for " in rest else "")
    return text


_CERTIFICATE = "`openssl x509 -noout -dates -subject` shows what the server's certificate says."
_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"
_STRANGE = "Is this the server that you mean? `ssl_ca` in its URL makes sure."
_SIGNAL, _PARTITION = 1644, 1526
_QUOTING = frozenset((1062, 1064, 1292, 1366, 1367, 1411, 1525, 1557, 1586, 1690, 1761, 1762, 3854))
"""Messages that quote a value, mostly followed by what it was for."""
