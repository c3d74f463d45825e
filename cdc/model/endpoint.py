"""Where a database is and how to log in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from cdc.model.value import value


@value
class Endpoint:
    """One database of the service file. `repr` does not show the password."""

    name: str
    """Its name in the service file (`erp`); names it in markers, metrics and logs."""
    engine: str
    """`postgresql` or `mysql` (MySQL and MariaDB)."""
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    options: Mapping[str, str]
    """The URL's query: TLS settings, `host` or `unix_socket` for a socket."""
    time_zone: str = ""
    """IANA's name of the zone of its clocks on the wall; empty: nobody has said."""
