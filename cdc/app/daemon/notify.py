"""What the daemon tells systemd: lines in a datagram to the socket that the service manager names."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping


class ServiceManager:
    """The service manager that started us, or nobody. https://www.freedesktop.org/software/systemd/man/sd_notify.html ."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog = _watchdog(environment)
        """Seconds between two signs of life that it wants to see; None: it does not ask for any."""

    def tell(self, *lines: str) -> None:
        """Send lines such as `READY=1`."""
        if not self._address:
            return
        # A service manager that is restarting is no reason to stop replicating.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.settimeout(1)
            out.sendto("\n".join(lines).encode(), self._address)


def _watchdog(environment: Mapping[str, str]) -> float | None:
    """Half of the time after which we would be killed."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    usec = environment.get("WATCHDOG_USEC", "")
    return int(usec) / 2_000_000 if usec.isdigit() and int(usec) else None
