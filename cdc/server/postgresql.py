"""PostgreSQL connections: how we log in, what every session sets, and what each SQLSTATE means for us."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import make_conninfo

from cdc.model.endpoint import Endpoint
from cdc.model.errors import CdcError, Unreachable
from cdc.server.certificate import of_postgresql
from cdc.server.postgresql_errors import HINTS, KINDS
from cdc.server.silence import OPTION, of_libpq, of_server

SESSION: Mapping[str, str] = {
    "datestyle": "ISO",
    "timezone": "UTC",
    "intervalstyle": "postgres",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "search_path": "pg_catalog",
    "row_security": "off",
    "default_transaction_isolation": "read committed",
    "standard_conforming_strings": "on",
}
"""What the text of values and the meaning of our statements rely on, whatever role and database say."""

FAILOVER = "failover"
"""An endpoint's option that is no setting of libpq: its slot is to go with the log to a standby."""
PATIENCE = 10
"""Seconds to wait for a connection where the URL does not say."""
_OURS = (OPTION, FAILOVER)
CERTIFICATE = "Has the server's certificate expired, or is it another server's? `openssl x509 -noout -dates -subject` says so of the file."
_UNTRUSTED = "certificate verify failed"
"""libpq does not say why."""
_QUOTED = re.compile('".*"', re.DOTALL)


def conninfo(endpoint: Endpoint, application: str, settings: Mapping[str, str], **extra: str) -> str:
    """Return a libpq connection string with our session settings pinned: the URL may say how to get there, not what a value looks like."""
    settings = {**settings, **of_server(endpoint.options)}
    options = " ".join(f"-c {key}={text.replace(' ', chr(92) + ' ')}" for key, text in settings.items())
    given: dict[str, str | int] = {
        "host": endpoint.host, "port": endpoint.port, "user": endpoint.user, "dbname": endpoint.database,
        "connect_timeout": str(PATIENCE), **of_libpq(endpoint.options), **{key: text for key, text in endpoint.options.items() if key not in _OURS},
        "application_name": application, "client_encoding": "UTF8", "options": f"{endpoint.options.get('options', '')} {options}", **extra,
    }  # fmt: skip
    if endpoint.password:
        given["password"] = endpoint.password
    return make_conninfo("", **given)


def connect(endpoint: Endpoint, application: str, settings: Mapping[str, str] = SESSION) -> psycopg.Connection:
    """Open an autocommit connection. Raises `Unreachable`, `Denied` or `Misconfigured`."""
    with translated(endpoint.name):
        connection = psycopg.connect(conninfo(endpoint, application, settings), autocommit=True)
        connection.prepare_threshold = 2
        return connection


def certificate(endpoint: Endpoint) -> float | None:
    """Return when the server's certificate ends, as Unix time; None where it speaks no TLS. Raises `CdcError`."""
    return of_postgresql(endpoint, PATIENCE)


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn psycopg's errors into ours; `where` names the database in the text."""
    try:
        yield
    except psycopg.Error as error:
        raise classify(error, where) from error


def classify(error: psycopg.Error, where: str) -> CdcError:
    """Name the class of a psycopg error. The text keeps the server's message and leaves out its DETAIL, which shows values."""
    state = error.sqlstate or _login_state(str(error))
    kind = KINDS.get(state) or KINDS.get(state[:2]) or (CdcError if state else Unreachable)
    message = _without_values(state, error.diag.message_primary or str(error).strip())
    if error.sqlstate is None:
        message = message.splitlines()[0]  # libpq explains itself on the lines after
    hint = CERTIFICATE if _UNTRUSTED in message else HINTS.get(state, "")
    return kind(f"{where}: {message}" + (f" (SQLSTATE {state})" if state else ""), hint)


def _without_values(state: str, message: str) -> str:
    """Data exceptions quote the value, and what a trigger raises may be any text."""
    if state.startswith("22"):
        return _QUOTED.sub("…", message)
    return "the database's own code raised an error, see the server's log" if state == "P0001" else message


def _login_state(text: str) -> str:
    """libpq gives no SQLSTATE for a refused login, only its text."""
    if (
        "authentication failed" in text
        or "no pg_hba.conf entry" in text
        or "no password supplied" in text
        or "is not permitted to log in" in text
    ):
        return "28000"
    if "permission denied" in text or "to start walsender" in text:
        return "42501"
    if 'database "' in text and "does not exist" in text:
        return "3D000"
    if 'role "' in text and "does not exist" in text:
        return "28000"
    if "too many connections" in text or "remaining connection slots" in text or "too many clients" in text:
        return "53300"
    return ""
