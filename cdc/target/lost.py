"""Sessions that this process has given up. A server that has not noticed, since no packet told it, goes on keeping their locks."""

from __future__ import annotations

from collections import deque

from cdc.model.endpoint import Endpoint

_LOST: deque[tuple[str, int, int]] = deque(maxlen=100)


def give_up(endpoint: Endpoint, number: int) -> None:
    """Note that we shall not use the server's session of this number any more."""
    _LOST.append((endpoint.host, endpoint.port, number))


def is_lost(endpoint: Endpoint, number: int) -> bool:
    """Return whether a session is one of these: then it may be ended for the sake of what it keeps."""
    return (endpoint.host, endpoint.port, number) in _LOST
