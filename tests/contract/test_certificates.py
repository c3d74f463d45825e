"""Servers whose certificate has expired: the error says so, and connecting is tried again for as long as it takes."""

import ipaddress
import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cdc.model.endpoint import Endpoint
from cdc.model.errors import Unreachable
from cdc.server import mysql, postgresql
from demo.servers import PASSWORD, MariaDB, PostgreSQL


def made(folder, until):
    """Write a certificate of 127.0.0.1 that signs itself; return the paths of certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")]), datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=3), now + until)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    paths = folder / "server.crt", folder / "server.key"
    for path, text in zip(paths, (signed.public_bytes(form[0]), key.private_bytes(*form)), strict=True):
        path.write_bytes(text)
        path.chmod(0o600)
        shutil.chown(path, folder.stat().st_uid, folder.stat().st_gid)
    return paths


def ends(pem):
    return x509.load_pem_x509_certificate(pem.read_bytes()).not_valid_after_utc.timestamp()


VALID, EXPIRED = timedelta(days=1), timedelta(days=-1)


# torture: L06, K08
def test_postgresql(folder, tmp_path):
    server = PostgreSQL(folder / "expiring", {"fsync": "off"})
    try:
        server.start()
        server.create("erp")
        trusted = tmp_path / "trusted.crt"
        endpoint = Endpoint("erp", "postgresql", "127.0.0.1", server.port, "cdc", PASSWORD, "erp", {})
        endpoint.options = {"sslmode": "verify-full", "sslrootcert": str(trusted)}
        for until in (VALID, EXPIRED):  # the server reads its files again, and goes on
            pem, _ = made(server.folder / "data", until)
            shutil.copy(pem, trusted)
            with server.connect("erp") as session:
                session.execute("alter system set ssl = on")
                session.execute("select pg_reload_conf()")
            if until is VALID:
                with closing(wait_for(lambda: postgresql.connect(endpoint, "test"))) as connection:
                    assert connection.execute("select ssl from pg_stat_ssl where pid = pg_backend_pid()").fetchone() == (True,)
                assert postgresql.certificate(endpoint) == ends(pem)
        with pytest.raises(Unreachable) as error:
            wait_for_refusal(lambda: postgresql.connect(endpoint, "test"))
        assert "certificate" in str(error.value)
        assert "expired" in f"{error.value} {error.value.hint}"
        assert postgresql.certificate(endpoint) == ends(pem) < datetime.now(UTC).timestamp()
        endpoint.options = {"sslmode": "disable"}
        assert postgresql.certificate(endpoint) is None
    finally:
        server.stop()


# torture: L06, K08
def test_mariadb(folder):
    place = folder / "expired-certificate"
    place.mkdir()
    pem, key = made(place, EXPIRED)
    server = MariaDB(folder / "expired", {"ssl-cert": str(pem), "ssl-key": str(key), "ssl-ca": str(pem)})
    try:
        server.start()
        server.create("erp")
        endpoint = Endpoint("erp", "mysql", "127.0.0.1", server.port, "cdc", PASSWORD, "erp", {"ssl_ca": str(pem)})
        with pytest.raises(Unreachable, match="certificate has expired") as error:
            mysql.connect(endpoint)
        assert "openssl" in error.value.hint
        with pytest.raises(Unreachable, match="certificate has expired"):
            mysql.certificate(endpoint)
        made(place, VALID)
        with closing(server.connect()) as session:
            session.cursor().execute("alter instance reload tls" if server.is_mysql else "flush ssl")
        assert mysql.certificate(endpoint) == ends(pem) > datetime.now(UTC).timestamp()
        endpoint.options = {}
        assert mysql.certificate(endpoint) == ends(pem)  # the server offers TLS, so it is spoken, by whomever
    finally:
        server.stop()


def test_without_tls_there_is_none(mariadb, database, endpoint):
    assert mysql.certificate(endpoint(mariadb, database(mariadb), "crm")) is None


def wait_for(connect):
    """A server takes a moment to read its files again."""
    deadline = datetime.now(UTC) + timedelta(seconds=30)
    while True:
        try:
            return connect()
        except Unreachable:
            if datetime.now(UTC) > deadline:
                raise


def wait_for_refusal(connect):
    deadline = datetime.now(UTC) + timedelta(seconds=30)
    while datetime.now(UTC) < deadline:
        connect().close()
