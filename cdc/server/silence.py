"""How long a server that does not answer any more is waited for: an endpoint's option to what the operating system watches a connection by.

A host that is gone, or a network that swallows packets, sends nothing that would end a connection. Left to itself a client waits for
hours; so each connection of ours asks for signs of life and gives up what it sent and nobody has acknowledged.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping

OPTION = "silence"
_SECONDS = 30


def seconds(options: Mapping[str, str]) -> int:
    """Return after how many seconds without a sign of life a server counts as gone."""
    return int(options.get(OPTION, _SECONDS))


def of_libpq(options: Mapping[str, str]) -> Mapping[str, str]:
    """Return it in libpq's words."""
    idle, interval, count, most = _watch(options)
    return {
        "keepalives_idle": str(idle),
        "keepalives_interval": str(interval),
        "keepalives_count": str(count),
        "tcp_user_timeout": str(most),
    }


def of_server(options: Mapping[str, str]) -> Mapping[str, str]:
    """Return it as PostgreSQL's session settings, a third shorter: a lost session is to have let go of its lock and slot when we come again."""
    idle, interval, count, most = _watch({OPTION: str(max(1, seconds(options) * 2 // 3))})
    return {
        "tcp_keepalives_idle": str(idle), "tcp_keepalives_interval": str(interval), "tcp_keepalives_count": str(count),
        "tcp_user_timeout": str(most),
    }  # fmt: skip


def connected(host: str, port: int, timeout: float, options: Mapping[str, str]) -> socket.socket:
    """Return a socket that is connected and watched."""
    made = socket.create_connection((host, port), timeout)
    idle, interval, count, most = _watch(options)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, number in (
        (socket.TCP_NODELAY, 1),
        (socket.TCP_KEEPIDLE, idle),
        (socket.TCP_KEEPINTVL, interval),
        (socket.TCP_KEEPCNT, count),
        (socket.TCP_USER_TIMEOUT, most),
    ):
        made.setsockopt(socket.IPPROTO_TCP, name, number)
    return made


def _watch(options: Mapping[str, str]) -> tuple[int, int, int, int]:
    """Return: seconds of quiet before the first question, seconds between two, how many, and milliseconds for what was sent."""
    whole = seconds(options)
    return max(1, whole // 2), max(1, whole // 6), 3, whole * 1000
