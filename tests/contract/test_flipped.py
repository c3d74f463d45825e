"""A bit that the network turns over: what a checksum or TLS covers is never taken for true; what neither covers is told in the documentation."""

import ipaddress
import random
import shutil
import threading
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cdc.model.change import Transaction
from cdc.model.endpoint import Endpoint
from cdc.model.errors import CdcError, UnknownEvent, Unreachable
from cdc.model.table import TableName
from cdc.source.mysql.source import MySQLSource
from cdc.source.postgresql.admin import PostgreSQLSourceAdmin
from cdc.source.postgresql.source import PostgreSQLSource
from cdc.target.mysql.admin import MySQLTargetAdmin
from cdc.target.mysql.target import MySQLTarget
from cdc.target.postgresql import PostgreSQLTarget, PostgreSQLTargetAdmin
from demo.servers import PASSWORD, MariaDB, PostgreSQL
from tests.contract.targets import batch, plan, upsert
from tests.proxy import ASKS, Proxy

ROWS, WIDTH = 300, 1000
PLACES = random.Random(7).sample(range(200, 150_000), 10)
"""Bytes of the stream that are turned over, one in each round; far enough from its end that what a wrong length swallows still comes."""


def signed(folder):
    """Write a certificate for 127.0.0.1 that signs itself; return the paths of certificate and key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cdc test")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(1), now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    paths = folder / "server.crt", folder / "server.key"
    paths[0].write_bytes(made.public_bytes(form[0]))
    paths[1].write_bytes(key.private_bytes(*form))
    paths[1].chmod(0o600)
    return paths


class Flow:
    """A database on a server behind a proxy: a table to read from, and one to write to."""

    def __init__(self, server, database, options):
        self.server, self.database, self.is_postgresql = server, database, isinstance(server, PostgreSQL)
        self.schema = "public" if self.is_postgresql else database
        self.proxy = Proxy(server.port)
        self.endpoint = Endpoint("one", server.engine, "127.0.0.1", self.proxy.port, "cdc", PASSWORD, database, options)
        self.direct = replace(self.endpoint, port=server.port)
        self.pipeline = f"p{database}"
        self.connection = server.connect(database)
        self._next = 0
        self.sql("create table s (id int primary key, v text)", "create table t (id int primary key, v text)")
        if self.is_postgresql:
            with closing(PostgreSQLSourceAdmin(self.direct, self.pipeline)) as admin:
                for statement in admin.setup([TableName("public", "s")]):
                    admin.execute(statement)

    def sql(self, *statements):
        with self.connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def source(self, endpoint):
        kind = PostgreSQLSource if self.is_postgresql else MySQLSource
        return closing(kind(endpoint, self.pipeline, [TableName(self.schema, "s")], "crm"))

    def read(self, place):
        """Let a transaction be written and read while the byte at that place of the stream turns over; return its rows as they are and as they come."""
        self._next += ROWS
        rows = [(str(n), str(n).zfill(WIDTH)) for n in range(self._next, self._next + ROWS)]
        with self.source(self.direct) as source:
            start = source.head()
        with self.source(self.endpoint) as source:
            items = source.read(start)
            next(items)
            rescue = threading.Timer(8, self.proxy.reset)  # a length that is wrong may let us wait for what never comes
            rescue.start()
            try:
                self.proxy.flip(place)
                self.sql("insert into s values " + ", ".join(f"({key}, '{text}')" for key, text in rows))
                while not isinstance(found := next(items), Transaction):
                    pass
            finally:
                rescue.cancel()
            return rows, [change.new for change in found.changes]

    def close(self):
        self.connection.close()
        if self.is_postgresql:
            with closing(PostgreSQLSourceAdmin(self.direct, self.pipeline)) as admin:
                for statement in admin.teardown():
                    admin.execute(statement)
        self.proxy.close()


@pytest.fixture
def flow(request, database):
    made = []

    def make(server, options):
        made.append(Flow(server, database(server), options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_the_binary_logs_checksums_let_no_turned_byte_through(mariadb, flow):
    """torture: D08"""
    given = flow(mariadb, {})
    kinds = set()
    for place in PLACES:
        try:
            rows, found = given.read(place)
        except CdcError as error:
            kinds.add(type(error))
        else:
            assert found == rows
    assert UnknownEvent in kinds


def test_postgresqls_stream_ends_with_an_error_of_ours_or_goes_on(postgresql, flow):
    """It has no checksum: a byte within a value is a value. What is torn besides is an error with a name. torture: D08"""
    given = flow(postgresql, {"sslmode": "disable", "gssencmode": "disable"})
    for place in PLACES:
        with suppress(CdcError):
            rows, found = given.read(place)
            assert sum(one != other for one, other in zip(found, rows, strict=True)) <= 1


@pytest.fixture(scope="module", params=["postgresql", "mariadb"])
def secured(request, folder):
    """A server with TLS, and the options that ask for it."""
    if request.param == "mariadb":
        (folder / "flipped").mkdir(exist_ok=True)
        pem, key = signed(folder / "flipped")
        server = MariaDB(folder / "flipped-my", {"ssl-cert": str(pem), "ssl-key": str(key), "ssl-ca": str(pem)})
        options = {"ssl_ca": str(pem)}
    else:
        server = PostgreSQL(folder / "flipped-pg", {"fsync": "off"})
        server.start()
        server.stop()
        for path in signed(server.folder / "data"):
            shutil.chown(path, (server.folder / "data").stat().st_uid, (server.folder / "data").stat().st_gid)
        server.settings = {"fsync": "off", "ssl": "on"}
        options = {"sslmode": "verify-full", "sslrootcert": str(folder / "flipped.pem")}
        shutil.copy(server.folder / "data/server.crt", folder / "flipped.pem")
    try:
        yield server.start(), options
    finally:
        server.stop()


def test_under_tls_a_turned_byte_ends_the_connection(secured, flow):
    """What is read, and what is written: nothing wrong arrives on either side, and it is tried again. torture: D08"""
    given = flow(*secured)
    ends = 0
    for place in PLACES[:5]:
        try:
            rows, found = given.read(place)
            assert found == rows
        except Unreachable:
            ends += 1
    assert ends
    kinds = (PostgreSQLTargetAdmin, PostgreSQLTarget) if given.is_postgresql else (MySQLTargetAdmin, MySQLTarget)
    with closing(kinds[0](given.direct, given.pipeline)) as admin:
        for statement in admin.setup():
            admin.execute(statement)
        name = TableName(given.schema, "t")
        mapped = plan(admin.definitions([name])[name])
    rows = [(str(n), str(n).zfill(WIDTH)) for n in range(ROWS)]
    many = [upsert(mapped, *row) for row in rows]
    with closing(kinds[1](given.endpoint, given.pipeline, [mapped])) as target:
        target.checkpoint()
        given.proxy.flip(100_000, ASKS)
        with pytest.raises(Unreachable):
            target.apply(batch(*many, upto="1"))
    assert given.sql("select count(*) from t") in ([(0,)], [(ROWS,)])
    with closing(kinds[1](given.direct, given.pipeline, [mapped])) as target:
        after = target.checkpoint().position
        if after is None:
            target.apply(batch(*many, upto="1"))
    assert sorted(given.sql("select id, v from t")) == [(int(key), text) for key, text in rows]
