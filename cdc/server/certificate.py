"""A server's certificate to the time at which it ends, so that somebody is warned before connections are refused."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

from cdc.model.endpoint import Endpoint
from cdc.model.errors import CdcError, Unreachable
from cdc.server.silence import connected

_SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""PostgreSQL's question whether the server speaks TLS."""
_SEQUENCE, _UTC_TIME = 0x30, 0x17
_VALIDITY = 2
"""Of the sequences in a certificate's body: signature, issuer, validity."""


def of_postgresql(endpoint: Endpoint, seconds: float) -> float | None:
    """Return when the server's certificate ends, as Unix time; None where no TLS is spoken. Raises `CdcError`.

    libpq does not show certificates, so this is a TLS handshake of its own, in which nothing is sent and nobody logs in.
    """
    host = endpoint.options.get("host", endpoint.host)
    if host.startswith("/") or endpoint.options.get("sslmode") in ("disable", "allow"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # whom to trust is what the pipeline's own connections decide
    try:
        with connected(host, endpoint.port, seconds, endpoint.options) as plain:
            plain.sendall(_SSL_REQUEST)
            if plain.recv(1) != b"S":
                return None
            with context.wrap_socket(plain, server_hostname=host) as session:
                return ends(endpoint, session.getpeercert(binary_form=True))
    except OSError as error:
        raise Unreachable(f"{endpoint.name}: the server did not show its certificate: {error}") from error


def ends(endpoint: Endpoint, certificate: bytes | None) -> float | None:
    """Return when a certificate ends, as Unix time. Raises `CdcError` for what is none."""
    if certificate is None:
        return None
    try:
        body = next(_parts(next(_parts(certificate))[1]))[1]
        validity = [part for tag, part in _parts(body) if tag == _SEQUENCE][_VALIDITY]
        tag, text = list(_parts(validity))[1]
        return (
            datetime.strptime(text.decode("ascii"), "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ")
            .replace(tzinfo=UTC)
            .timestamp()
        )
    except (IndexError, ValueError, StopIteration) as error:
        raise CdcError(
            f"{endpoint.name}: the server's certificate can't be read", "`openssl x509 -text` shows what is odd about it."
        ) from error


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield what stands side by side in ASN.1's binary form (DER): tag and content."""
    at = 0
    while at < len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 0x80:
            width = size & 0x7F
            size, at = int.from_bytes(data[at : at + width], "big"), at + width
        yield tag, data[at : at + size]
        at += size
