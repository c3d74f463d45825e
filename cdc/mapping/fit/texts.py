"""Between texts, labels, bytes and UUIDs: nothing is cut, filled up or trimmed."""

from __future__ import annotations

from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.identifier import uuid_in
from cdc.mapping.fit.rule import Convert, Unfit, unfit
from cdc.model.types import Kind, Type


def text_to_text(source: Type, target: Type) -> Convert | None:
    """Blanks at the end of a char(n) mean nothing: they stay behind, and are not counted. Those of other texts would get lost in one."""
    fits = target.size is None or (source.size is not None and source.size <= target.size)
    if target.native == "name":
        return None if source.native == "name" else _named(stripped if source.padded else str)
    if source.padded and not target.padded:
        return stripped if fits else limited(target, stripped)
    if target.padded and not source.padded:
        return limited(target, _unpadded(target))
    return None if fits else limited(target, None)


def stripped(text: str) -> str:
    return text.rstrip(" ")


def _unpadded(target: Type) -> Convert:
    def unpadded(text: str) -> str:
        if text[-1:] == " ":
            raise BadValue(f"text ends in blanks, which {target.native} does not keep")
        return text

    return unpadded


def _named(first: Convert) -> Convert:
    """PostgreSQL cuts what is longer."""

    def named(text: str) -> str:
        text = first(text)
        if len(text.encode(errors="surrogatepass")) > 63:
            raise BadValue("text is longer than the 63 bytes of name")
        return text

    return named


def limited(target: Type, first: Convert | None) -> Convert | None:
    limit = target.size
    if limit is None:
        return first

    def within(text: str) -> str:
        text = first(text) if first else text
        if len(text) > limit and not (target.padded and len(text.rstrip(" ")) <= limit):
            raise BadValue(f"text is longer than the {limit} characters of {target.native}")
        return text

    return within


def cutter(source: Type, target: Type) -> Convert:
    """Return what makes a text fit by cutting its end off, where the mapping asks for that."""
    first = stripped if source.padded and not target.padded else str
    return lambda text: first(text)[: target.size]


def labelled(source: Type, target: Type) -> Convert | None:
    """Into an enum or a set: every label is one of the target's."""
    labels = frozenset(target.labels)
    if not labels or (source.labels and labels.issuperset(source.labels)):
        return None
    several, padded = target.kind is Kind.SET, source.padded

    def known(text: str) -> str:
        text = stripped(text) if padded else text
        if text in labels or (several and labels.issuperset(text.split(",") if text else ())):
            return text
        raise BadValue(f"text is no label of {target.native if len(target.native) < 40 else target.kind.value}")

    return known


def labels_to_text(source: Type, target: Type) -> Convert | None:
    longest = len(",".join(source.labels)) if source.kind is Kind.SET else max(map(len, source.labels), default=-1)
    return None if target.size is None or 0 <= longest <= target.size else limited(target, None)


def to_text(_source: Type, target: Type) -> Convert | None:
    """Any kind that has one spelling only."""
    return limited(target, None)


def uuid_to_text(source: Type, target: Type) -> Unfit | None:
    return None if target.size is None or target.size >= 36 else unfit(source, target, "a uuid has 36 characters")


def uuid_to_bytes(source: Type, target: Type) -> Convert | Unfit:
    """The sixteen bytes in the order of the digits."""
    return (lambda text: "\\x" + text.replace("-", "")) if _sixteen(target) else unfit(source, target, "a uuid has 16 bytes")


def bytes_to_uuid(source: Type, target: Type) -> Convert | Unfit:
    return (lambda text: uuid_in(text[2:])) if _sixteen(source) else unfit(source, target, "a uuid has 16 bytes")


def _sixteen(given: Type) -> bool:
    return given.size == 16 or given.size is None


def bytes_to_bytes(source: Type, target: Type) -> Convert | None:
    """A binary(n) has n bytes, and the server would fill up what is shorter."""
    limit = target.size
    if target.padded:
        return None if source.padded and source.size == limit else _whole(target)
    if limit is None or (source.size is not None and source.size <= limit):
        return None

    def within(text: str) -> str:
        if (len(text) - 2) // 2 > limit:
            raise BadValue(f"value is longer than the {limit} bytes of {target.native}")
        return text

    return within


def _whole(target: Type) -> Convert:
    digits = 2 + 2 * (target.size or 0)

    def whole(text: str) -> str:
        if len(text) != digits:
            raise BadValue(f"value is not of the {target.size} bytes of {target.native}")
        return text

    return whole
