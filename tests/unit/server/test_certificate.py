"""When a certificate ends, read from its binary form."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st

from cdc.model.endpoint import Endpoint
from cdc.model.errors import CdcError
from cdc.server.certificate import ends

ENDPOINT = Endpoint("erp", "postgresql", "h", 1, "u", "p", "erp", {})


def made(until, name="erp", key=None):
    key = key or ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(named, named, key.public_key(), x509.random_serial_number(), until - timedelta(days=900), until)
    signed = builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("year", [1996, 2026, 2049, 2050, 2999])
def test_years_are_written_in_two_ways(year):
    until = datetime(year, 12, 31, 23, 59, 58, tzinfo=UTC)
    assert ends(ENDPOINT, made(until)) == until.timestamp()


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP521R1()), ed25519.Ed25519PrivateKey.generate()])
def test_long_names_and_other_keys(key):
    until = datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert ends(ENDPOINT, made(until, "n" * 64, key)) == until.timestamp()


def test_no_certificate_ends_never():
    assert ends(ENDPOINT, None) is None


@given(st.binary(max_size=60), st.integers(0, 300))
def test_what_is_no_certificate_is_an_error_that_names_the_database(noise, at):
    whole = made(datetime(2031, 1, 1, tzinfo=UTC), key=KEY)
    for text in (noise, whole[: at % len(whole)]):
        try:
            ends(ENDPOINT, text)
        except CdcError as error:
            assert str(error) == "erp: the server's certificate can't be read"


KEY = ed25519.Ed25519PrivateKey.generate()
