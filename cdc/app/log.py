"""Events to lines on stderr: for people on a terminal, JSON otherwise; never a secret, a control character or a storm of one error."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Callable, Collection, MutableMapping
from typing import Any, Literal, TypeAlias

import structlog

from cdc.app.outcome import one_line

Format: TypeAlias = Literal["auto", "console", "json"]
Level: TypeAlias = Literal["debug", "info", "warning", "error"]
_Event: TypeAlias = MutableMapping[str, Any]
_PAUSE = 60.0
"""Seconds for which the same warning or error is only counted."""
_KNOWN = 1000
"""Different warnings and errors that are remembered."""
MASKED = "•••"
_SHORTEST = 4
"""A shorter secret would blot out half of the words."""


class Masks:
    """Replace what must not be seen. Knows the secrets that the configuration resolved."""

    def __init__(self, secrets: Collection[str]) -> None:
        self._secrets = sorted((secret for secret in secrets if len(secret) >= _SHORTEST), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASKED)
        return text


def configure(form: Format, level: Level, *, color: bool, masks: Callable[[str], str]) -> bool:
    """Set up structlog for the process; return whether lines are for people."""
    people = form == "console" or (form == "auto" and sys.stderr.isatty())
    renderer = (
        structlog.dev.ConsoleRenderer(colors=color, pad_event_to=0) if people else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            Repeats(time.monotonic),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _plain(masks),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: _Stderr(),
        cache_logger_on_first_use=False,
    )
    return people


class Repeats:
    """Let one of the same warning or error through a minute, with the number of those kept back."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._known: dict[tuple[str, ...], tuple[float, int]] = {}

    def __call__(self, _logger: Any, _method: str, event: _Event) -> _Event:
        if event["level"] not in {"warning", "error"}:
            return event
        now, same = self._monotonic(), tuple(f"{field} {given}" for field, given in sorted(event.items()) if field != "seconds")
        since, kept = self._known.get(same, (float("-inf"), 0))
        if now - since < _PAUSE:
            self._known[same] = (since, kept + 1)
            raise structlog.DropEvent
        if len(self._known) >= _KNOWN:
            self._known.clear()
        self._known[same] = (now, 0)
        return {**event, "repeated": kept} if kept else event


def _plain(masks: Callable[[str], str]) -> Callable[[Any, str, _Event], _Event]:
    """Every field a number or a text that is fit for a terminal; when, how bad and what first; empty ones not at all."""

    def plain(_logger: Any, _method: str, event: _Event) -> _Event:
        ordered = {**{field: event[field] for field in ("timestamp", "level", "event")}, **event}
        said = {field: given for field, given in ordered.items() if given not in (None, "")}
        return {field: given if isinstance(given, int | float) else shown(given) for field, given in said.items()}

    def shown(given: object) -> str:
        return one_line(masks(str(given)))

    return plain


class _Stderr:
    """Looks stderr up anew, so that a progress display can put lines above itself."""

    def msg(self, line: str) -> None:
        # There is nowhere to say that stderr is gone, and replication goes on without it.
        with contextlib.suppress(OSError):
            print(line, file=sys.stderr, flush=True)

    debug = info = warning = error = critical = msg
