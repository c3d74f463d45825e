"""The demo's stage on the test servers, and a stand-in for the daemon that writes what the mappings promise."""

import json
from contextlib import ExitStack, closing

import pytest

from demo import compare
from demo.promises import PROMISES
from demo.stage import CRM, DAEMON, ERP, Stage


@pytest.fixture(scope="module")
def stage(folder, postgresql, mariadb):
    """Both databases, made and filled; removed at the end of the module."""
    here = Stage(folder, postgresql, mariadb, 0, ExitStack())
    here.fill()
    yield here
    with postgresql.connect() as connection:
        connection.execute(f"drop database {ERP} with (force)")
        connection.execute("drop role erp")
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"drop database {CRM}")
        cursor.execute("drop user crm@'127.0.0.1'")


@pytest.fixture(scope="module")
def connections(stage):
    """One to the ERP, one to the CRM."""
    with stage.erp(DAEMON) as erp, closing(stage.crm(DAEMON)) as crm:
        yield erp, crm


@pytest.fixture(scope="module")
def databases(connections):
    return compare.databases(*connections)


def plain(value):
    return json.dumps(value) if isinstance(value, dict) else value


@pytest.fixture(scope="module")
def replicate(connections, databases):
    """Write every promised row into its target table, as a daemon would that loads both sides."""
    erp, crm = connections

    def write():
        for promise in PROMISES:
            rows = [row for row in map(promise.row, databases.source(promise)) if row is not None]
            columns = list(rows[0])
            statement = f"insert into {promise.target} ({', '.join(columns)}) values ({', '.join(['%s'] * len(columns))})"
            with (crm if promise.to == "crm" else erp).cursor() as cursor:
                cursor.executemany(statement, [tuple(map(plain, row.values())) for row in rows])

    return write
