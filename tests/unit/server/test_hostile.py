"""A server that is not what it says: it asks for files of ours."""

import socket
import struct
import threading
from contextlib import suppress

import pytest

from cdc.model.endpoint import Endpoint
from cdc.model.errors import CdcError
from cdc.server.mysql import connect

_CAPABILITIES = 0x0000_0001 | 0x0000_0200 | 0x0000_8000 | 0x0008_0000 | 0x0000_0008 | 0x0000_0080
"""Long passwords, protocol 41, secure connection, plugins, a database, and files of the client."""


def packet(number, body):
    return struct.pack("<I", len(body))[:3] + bytes([number]) + body


def greeting():
    low, high = _CAPABILITIES & 0xFFFF, _CAPABILITIES >> 16
    head = b"\x0a8.0.36\x00" + struct.pack("<I", 7) + b"12345678\x00" + struct.pack("<HBHHB", low, 45, 2, high, 21)
    return packet(0, head + b"\x00" * 10 + b"123456789012\x00mysql_native_password\x00")


class Hostile(threading.Thread):
    """Lets everybody in, and answers each query by asking for a file."""

    def __init__(self, file):
        super().__init__(daemon=True)
        self._file = file
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.heard = b""

    def run(self):
        with self._listening:
            client, _ = self._listening.accept()
        with client, suppress(OSError):
            client.settimeout(10)
            client.sendall(greeting())
            client.recv(65536)
            client.sendall(packet(2, b"\x00\x00\x00\x02\x00\x00\x00"))
            while said := client.recv(65536):
                self.heard += said
                client.sendall(packet(1, b"\xfb" + str(self._file).encode()))


# torture: K09
def test_a_server_that_asks_for_a_file_does_not_get_it(tmp_path):
    file = tmp_path / "passwords"
    file.write_text("canary-4711")
    server = Hostile(file)
    server.start()
    with pytest.raises(CdcError, match="file"):
        connect(Endpoint("erp", "mysql", "127.0.0.1", server.port, "cdc", "x", "erp", {}))
    server.join(10)
    assert b"canary" not in server.heard
