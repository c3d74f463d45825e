"""Between dates, times, points in time and spans. Digits of the second are never dropped, and no clock is moved unless its zone is known."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.fit.rule import Convert, Rule, Unfit, unfit
from cdc.model.types import Kind, Type, Zones

_SPAN = re.compile(r"-?(\d{2,3}):\d\d:\d\d(\.\d+)?")


def clock(name: str) -> Rule:
    """Return the rule between two of a kind: the text stays, if the target has as many digits behind the second."""

    def rule(source: Type, target: Type) -> Unfit | None:
        return _too_fine(source, target, name)

    return rule


def _too_fine(source: Type, target: Type, name: str) -> Unfit | None:
    digits = _fraction(target)
    if _fraction(source) <= digits:
        return None
    reason = f"{target.native} has {digits} digits behind the second, {source.native} has more"
    return Unfit(reason, f"write cast(… as {name}({digits}))")


def _fraction(given: Type) -> int:
    return 6 if given.precision is None else given.precision


def time_to_time(source: Type, target: Type) -> Convert | None:
    return None if _fraction(source) <= _fraction(target) else _exact(_fraction(target))


def _exact(digits: int) -> Convert:
    def exact(text: str) -> str:
        whole, _, fraction = text.partition(".")
        if fraction[digits:].strip("0"):
            raise BadValue(f"value has more than {digits} digits behind the second")
        return f"{whole}.{fraction[:digits]}" if digits and fraction else whole

    return exact


def interval_to_interval(source: Type, target: Type) -> Unfit | None:
    """PostgreSQL drops from a value what its column has no field for."""
    return None if target.native in ("interval", source.native) else unfit(source, target, "make the target's column a plain interval")


def time_to_interval(source: Type, target: Type) -> Unfit | None:
    """MySQL's time is a span: it may be negative, and longer than a day."""
    return None if _is_span(source) and target.native == "interval" else unfit(source, target)


def interval_to_time(source: Type, target: Type) -> Convert | Unfit:
    if not _is_span(target):
        return unfit(source, target)
    exact = _exact(_fraction(target))

    def span(text: str) -> str:
        found = _SPAN.fullmatch(text)
        if found is None or int(found[1]) > 838:
            raise BadValue(f"value has days or months, or is longer than {target.native} can be")
        return exact(text)

    return span


def _is_span(given: Type) -> bool:
    """Whether a TIME is MySQL's."""
    return given.native.startswith("time") and "zone" not in given.native


def date_to_timestamp(_source: Type, _target: Type) -> Convert:
    """A date's midnight."""
    return lambda text: text if "infinity" in text else f"{text.removesuffix(' BC')} 00:00:00{' BC' if text.endswith(' BC') else ''}"


def to_instant(source: Type, target: Type, zones: Zones) -> Convert | Unfit | None:
    """A clock on the source's wall, or a date's midnight there."""
    if not zones.source:
        return _unknown(source, target, "source")
    if source.kind is not Kind.DATE and (fine := _too_fine(source, target, "timestamp")):
        return fine
    midnight, placed = date_to_timestamp(source, target), _placed(zones.source)
    return placed if source.kind is not Kind.DATE else lambda text: placed(midnight(text))


def to_wall(source: Type, target: Type, zones: Zones) -> Convert | Unfit | None:
    """A point in time on the clock of the target's wall."""
    if not zones.target:
        return _unknown(source, target, "target")
    return _too_fine(source, target, "timestamptz") or _read_off(zones.target)


def _unknown(source: Type, target: Type, end: str) -> Unfit:
    cast = "timestamptz" if target.kind is Kind.INSTANT else "timestamp"
    if source.kind is not Kind.DATE and _fraction(source) > _fraction(target):
        cast = f"{cast}({_fraction(target)})"
    return Unfit(
        f"{source.native} goes into {target.native} only by a time zone, and none is known for the {end}",
        f"give the {end} database its `time_zone` in the service file, or write cast(… as {cast}), which takes UTC",
    )


def _placed(zone: str) -> Convert:
    if zone == "UTC":
        return _with_offset
    there = ZoneInfo(zone)

    def placed(text: str) -> str:
        if text.endswith("infinity"):
            return text
        wall = _datetime(text, there)
        moment = wall.astimezone(UTC)
        if moment.astimezone(there).replace(tzinfo=None) != wall.replace(tzinfo=None):
            raise BadValue(f"no clock in {zone} shows that time: it is in the hour that summer time leaves out")
        if wall.replace(fold=1).utcoffset() != wall.utcoffset():
            raise BadValue(f"a clock in {zone} shows that time twice: it is in the hour that the end of summer time repeats")
        return _spelled(moment, text) + "+00"

    return placed


def _read_off(zone: str) -> Convert:
    if zone == "UTC":
        return _without_offset
    there = ZoneInfo(zone)

    def read_off(text: str) -> str:
        if text.endswith("infinity"):
            return text
        return _spelled(_datetime(text.replace("+00", "", 1), UTC).astimezone(there), text)

    return read_off


def _datetime(text: str, zone: tzinfo) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        raise BadValue("a date before the year 1, after 9999 or that is none has no other time zone") from None


def _spelled(moment: datetime, given: str) -> str:
    """With as many digits behind the second as were given."""
    fraction = given.removesuffix("+00").partition(".")[2]
    text = moment.replace(tzinfo=None, microsecond=0).isoformat(" ")
    return f"{text}.{fraction}" if fraction else text


def _with_offset(text: str) -> str:
    if text.endswith("infinity"):
        return text
    return f"{text[:-3]}+00 BC" if text.endswith(" BC") else f"{text}+00"


def _without_offset(text: str) -> str:
    return text.replace("+00", "", 1)
