"""Ordinary connections of a source: their settings, opened when first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import psycopg

from cdc.model.endpoint import Endpoint
from cdc.server.postgresql import SESSION, connect

SETTINGS: Mapping[str, str] = {
    **SESSION,
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
}
"""A copy of a large table, the holder of its snapshot and a quiet connection live as long as they must, whatever the role's settings are."""


class Session:
    """One connection, for one thread. It does not reconnect: after an error its owner is closed and made anew."""

    def __init__(self, endpoint: Endpoint, application: str, settings: Mapping[str, str] = SETTINGS) -> None:
        self.name = endpoint.name
        self._endpoint = endpoint
        self._application = application
        self._settings = settings
        self._connection: psycopg.Connection | None = None

    def connection(self) -> psycopg.Connection:
        if self._connection is None:
            self._connection = connect(self._endpoint, self._application, self._settings)
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):  # it is given up anyway
                self._connection.close()
