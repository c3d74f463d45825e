"""A TCP proxy that cuts a connection at a chosen moment: the server does the work, the client never hears of it."""

import socket
import threading
from contextlib import suppress


class Proxy:
    """Stands before a server's port and cuts at the first request that holds a text: when its answer comes, or before it arrives."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._text: bytes | None = None
        self._forwards = True
        self.cut = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def lose_answer(self, text: bytes) -> None:
        self._text, self._forwards = text, True

    def lose_request(self, text: bytes) -> None:
        self._text, self._forwards = text, False

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                deaf = threading.Event()
                threading.Thread(target=self._ask, args=(client, server, deaf), daemon=True).start()
                threading.Thread(target=self._answer, args=(client, server, deaf), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, deaf: threading.Event) -> None:
        with suppress(OSError):  # the other direction has ended both
            while data := client.recv(65536):
                if self._text and self._text in data.lower():
                    self._text = None
                    deaf.set()
                    if not self._forwards:
                        break
                server.sendall(data)
        _end(client, server)

    def _answer(self, client: socket.socket, server: socket.socket, deaf: threading.Event) -> None:
        with suppress(OSError):  # the other direction has ended both
            while data := server.recv(65536):
                if deaf.is_set():
                    break
                client.sendall(data)
        _end(client, server)
        if deaf.is_set():
            self.cut.set()


def _end(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
