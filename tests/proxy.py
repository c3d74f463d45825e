"""A TCP proxy before a server that misbehaves as networks do: cuts, resets, swallows, delays, splits, corrupts, or goes deaf on one side."""

from __future__ import annotations

import ctypes
import random
import select
import socket
import struct
import threading
import time
from contextlib import suppress

ASKS, ANSWERS = "asks", "answers"
"""The directions: from client to server, and back."""
_TICK = 0.02
_NOTHING = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
"""A packet filter's program: take nothing."""
_SO_ATTACH_FILTER = 26


class Proxy:
    """Stands before a server's port. What is set holds for connections that are open and for new ones."""

    def __init__(self, server: int, seed: int = 0) -> None:
        self.server = server
        self.random = random.Random(seed)
        self.delay = self.jitter = 0.0
        """Seconds that each piece waits, and how much more at most."""
        self.rate: float | None = None
        """Bytes in a second, each direction."""
        self.piece = 65536
        """Bytes that are passed on at once."""
        self.deaf: set[str] = set()
        """Directions whose bytes vanish."""
        self.cut = threading.Event()
        self.passed = 0
        """Bytes so far, both ways."""
        self.links: list[_Link] = []
        self._cut_at: int | None = None
        self._flip_at = {ASKS: 0, ANSWERS: 0}
        self._passed_on = {ASKS: 0, ANSWERS: 0}
        self._text: bytes | None = None
        self._forwards = True
        self._frozen = False
        self.port = 0
        self.up()

    def up(self) -> None:
        """Listen, on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def down(self) -> None:
        """Refuse connections, and reset those that are open."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # a bare close leaves accept waiting
        self._listener.close()
        self.reset()

    def close(self) -> None:
        self.down()
        for link in list(self.links):
            link.gone.wait(5)
            link.close()

    def reset(self) -> None:
        for link in list(self.links):
            link.end("reset")

    def cut_after(self, count: int) -> None:
        """Reset the connection on which the count-th byte from now on passes, before that byte."""
        self.cut.clear()
        self._cut_at = self.passed + count

    def flip(self, count: int, direction: str = ANSWERS) -> None:
        """Turn over a bit of the count-th byte from now on in that direction."""
        self.cut.clear()
        self._flip_at[direction] = self._passed_on[direction] + count

    def freeze(self) -> None:
        """Let no packet of the open connections be answered any more, not even by this machine: as if the other host had lost its power."""
        self._frozen = True
        for link in list(self.links):
            link.freeze()

    def thaw(self) -> None:
        """Let new connections work. Those that were frozen stay so."""
        self._frozen = False

    def lose_answer(self, text: bytes) -> None:
        """Cut at the first request that holds the text, when its answer comes."""
        self._text, self._forwards = text, True

    def lose_request(self, text: bytes) -> None:
        """Cut at the first request that holds the text, before it arrives."""
        self._text, self._forwards = text, False

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self.server))
                except OSError:
                    client.close()
                    continue
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                link = _Link(self, client, server)
                self.links.append(link)
                if self._frozen:
                    link.freeze()
                link.start()

    def treat(self, link: _Link, direction: str, data: bytes) -> bytes:
        """Return what is passed on of the data; ends the link where it is to be cut."""
        if direction == ASKS and self._text and self._text in data.lower():
            self._text, link.deaf = None, True
            if not self._forwards:
                link.end("close")
                self.cut.set()
                return b""
        if direction == ANSWERS and link.deaf:
            link.end("close")
            self.cut.set()
            return b""
        data = self._flipped(direction, data)
        if self._cut_at is not None and self.passed + len(data) >= self._cut_at:
            data, self._cut_at = data[: self._cut_at - self.passed - 1], None
            link.send(direction, data)
            link.end("reset")
            self.cut.set()
            return b""
        self.passed += len(data)
        return b"" if direction in self.deaf else data

    def _flipped(self, direction: str, data: bytes) -> bytes:
        at, self._passed_on[direction] = self._passed_on[direction], self._passed_on[direction] + len(data)
        if not at < self._flip_at[direction] <= at + len(data):
            return data
        place = self._flip_at[direction] - at - 1
        self.cut.set()
        return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


class _Link:
    """One client's connection and the one to the server behind it."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self.proxy, self.deaf = proxy, False
        self._sockets = {ASKS: (client, server), ANSWERS: (server, client)}
        self._how: str | None = None
        self._left = 2
        self.gone = threading.Event()
        self._lock = threading.Lock()

    def start(self) -> None:
        for direction in (ASKS, ANSWERS):
            threading.Thread(target=self._pump, args=(direction,), daemon=True).start()

    def end(self, how: str) -> None:
        """`close`: what was sent arrives; `reset`: as after a crash of the other host."""
        self._how = self._how or how

    def freeze(self) -> None:
        self._how = "frozen"
        for one in self._sockets[ASKS]:
            one.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(_NOTHING)))

    def send(self, direction: str, data: bytes) -> None:
        with suppress(OSError):  # the other end is gone
            self._sockets[direction][1].sendall(data)

    def _pump(self, direction: str) -> None:
        source, _ = self._sockets[direction]
        arrivals = select.poll()
        arrivals.register(source, select.POLLIN)
        while self._how is None:
            if not arrivals.poll(_TICK * 1000):
                continue
            try:
                data = source.recv(self.proxy.piece)
            except OSError:
                data = b""
            if not data:
                self.end("close")
            else:
                self._wait(len(data))
                if passed := self.proxy.treat(self, direction, data):
                    self.send(direction, passed)
        self._leave()

    def _wait(self, size: int) -> None:
        proxy = self.proxy
        seconds = proxy.delay + proxy.random.random() * proxy.jitter + (size / proxy.rate if proxy.rate else 0.0)
        if seconds:
            time.sleep(seconds)

    def _leave(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left:
                return
        self.gone.set()
        if self._how != "frozen":  # a frozen one says nothing, not even that it is closed
            self.close()

    def close(self) -> None:
        for one in self._sockets[ASKS]:
            with suppress(OSError):
                if self._how == "reset":
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    one.shutdown(socket.SHUT_RDWR)
            one.close()
        with suppress(ValueError):  # both sides may come to an end at once
            self.proxy.links.remove(self)
