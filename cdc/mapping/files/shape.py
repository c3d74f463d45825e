"""Data against a pydantic model, and its complaints to problems with a place: the shape of every file that people write."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar, TypeAlias, TypeVar, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError

from cdc.mapping.files.document import Document, Path
from cdc.mapping.files.problem import Place, Problem, did_you_mean, one_of

Scalar: TypeAlias = str | int | Decimal | bool | None
M = TypeVar("M", bound="Shape")

_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "`key: value` lines",
    "model_type": "`key: value` lines",
}
_IN_WORDS = {
    "greater_than_equal": ("'{name}' must be at least {ge}", ""),
    "less_than_equal": ("'{name}' must be at most {le}", ""),
    "too_short": ("'{name}' is empty", ""),
    "string_pattern_mismatch": ("'{given}' can't be a name", "letters, digits, _ and -, beginning with a letter, 63 at most"),
    "wrong-type": ("'{name}' must be a text, a number, true, false or null, found {found}", ""),
}
"""What pydantic says, in our words: message and advice. Of all texts in a file, only names are shown."""


class Shape(BaseModel):
    """A mapping of a file. Unknown keys are errors; `later` names keys that this version does not have yet."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    later: ClassVar[frozenset[str]] = frozenset()


def _scalar(given: Any) -> Scalar:
    if given is None or isinstance(given, (str, int, Decimal)):
        return given
    raise PydanticCustomError("wrong-type", "wrong type: {found}", {"found": _found(given)})


def _sql_text(given: Any) -> str:
    """Numbers, true, false and null are SQL too."""
    scalar = _scalar(given)
    if scalar is None or isinstance(scalar, bool):
        return {None: "null", True: "true", False: "false"}[scalar]
    return str(scalar)


SCALAR: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
Literally: TypeAlias = Annotated[Any, PlainValidator(_scalar), WithJsonSchema(SCALAR)]
"""A value that stands for itself."""
SqlText: TypeAlias = Annotated[str, BeforeValidator(_sql_text), WithJsonSchema(SCALAR)]
"""A value that is an SQL expression."""


def validate(model: type[M], document: Document, data: Mapping[str, Any] | None = None) -> tuple[M | None, list[Problem]]:
    """Check the document's data, or what has become of it, against the model.

    When mistakes stand in parts that can be left out, the rest comes back with them, so that later checks still see it.
    """
    given: dict[str, Any] = dict(document.data if data is None else data)
    problems: list[Problem] | None = None
    while True:
        try:
            return model.model_validate(given), problems or []
        except ValidationError as error:
            mistakes = [_settled(details) for details in error.errors(include_url=False)]
        if problems is None:
            problems = [_problem(model, document, details) for details in mistakes]
        paths = [details["loc"][:-1] if details["type"] == "missing" else details["loc"] for details in mistakes]
        if () in paths:
            return None, problems
        before = given
        for path in paths:
            given = _without(given, path)
        if given == before:
            return None, problems


CHOICE = "\0"
"""Begins the tag of one of several forms that a value may have; a file can't hold it."""


def _settled(details: ErrorDetails) -> ErrorDetails:
    """A path in the file, without the names of the forms that were chosen on the way."""
    details["loc"] = tuple(part for part in details["loc"] if not str(part).startswith(CHOICE))
    return details


def _without(data: Any, path: Path) -> Any:
    """Leave out what stands at a path; the list around it too, so that nothing in it moves."""
    key, inner = path[0], path[1:]
    if not isinstance(data, dict) or key not in data:
        return data
    kept = _without(data[key], inner) if inner and isinstance(data[key], dict) else None
    return {name: kept if name == key else given for name, given in data.items() if name != key or kept is not None}


def comma_inside_braces(document: Document, path: Path) -> str:
    """Return advice when a key without a value stands in `{ }`: often the rest of an expression that a comma has cut."""
    spot, around = document.spot(path), document.spot(path[:-1])
    cut = spot and around and spot.empty and around.style == "{"
    return "inside { } a comma ends a value: put the whole expression in double quotes" if cut else ""


def quotes_taken(document: Document, path: Path) -> str:
    """Return advice when YAML has taken the quotes of what was meant as an SQL text: `kind: 'person'` is the column person."""
    spot = document.spot(path)
    meant = spot and spot.style in {"'", '"'} and re.fullmatch(r"[\w .-]+", spot.text or "")
    return f"YAML takes the outer quotes: for the text write \"'{spot.text}'\"" if spot and meant else ""


def _problem(model: type[Shape], document: Document, details: ErrorDetails) -> Problem:
    path: Path = details["loc"]
    kind, given, name = details["type"], details["input"], str(path[-1])
    shapes = list(_shapes(model, path[:-1]))
    if kind == "extra_forbidden":
        return _unknown(document, path, shapes)
    if kind == "missing":
        return document.at(path[:-1]).problem("missing-key", f"'{name}' is missing" + _inside(path[:-1]), _example(shapes, name))
    place = document.at(path)
    name = str(next(path[at] for at in reversed(range(len(path))) if isinstance(path[at], str) and document.spot(path[: at + 1])))
    if kind == "literal_error":
        return _not_one_of(place, name, given, details)
    if kind in _EXPECTED:
        return place.problem("wrong-type", f"'{name}' must be {_EXPECTED[kind]}, found {_found(given)}", _example(shapes, name))
    if kind not in _IN_WORDS:
        return place.problem("bad-value", f"'{name}': {details['msg']}")
    message, advice = _IN_WORDS[kind]
    return place.problem(kind if "-" in kind else "bad-value", message.format(name=name, given=given, **details.get("ctx", {})), advice)


def _unknown(document: Document, path: Path, shapes: list[type[Shape]]) -> Problem:
    name, place = str(path[-1]), document.at_key(path)
    if any(name in shape.later for shape in shapes):
        return place.problem("unavailable", f"'{name}' is not available in this version")
    known = [field.alias or key for shape in shapes for key, field in shape.model_fields.items()]
    advice = comma_inside_braces(document, path) or did_you_mean(name, known) or f"keys here are {one_of(known)}"
    return place.problem("unknown-key", f"unknown key '{name}'" + _inside(path[:-1]), advice)


def _not_one_of(place: Place, name: str, given: Any, details: ErrorDetails) -> Problem:
    expected = re.findall(r"[\w.-]+", details["ctx"]["expected"].replace(" or ", " "))
    found = f"'{given}'" if isinstance(given, str) else _found(given)
    advice = "write it without quotes" if str(given) in expected else did_you_mean(str(given), expected)
    return place.problem("bad-value", f"'{name}' must be {one_of(expected)}, found {found}", advice)


def _inside(path: Path) -> str:
    return f" in '{path[-1]}'" if path and isinstance(path[-1], str) else ""


def _example(shapes: list[type[Shape]], name: str) -> str:
    """How the missing key is written, by the examples of its model."""
    fields = [field for shape in shapes for key, field in shape.model_fields.items() if name in {key, field.alias}]
    return next((f"write `{name}: {_flow(field.examples[0])}`" for field in fields if field.examples), "")


def _flow(given: object) -> str:
    if isinstance(given, Mapping):
        return f"{{{', '.join(f'{key}: {_flow(inner)}' for key, inner in given.items())}}}"
    return f"[{', '.join(map(_flow, given))}]" if isinstance(given, list) else str(given)


def _shapes(hint: Any, path: Path) -> Iterator[type[Shape]]:
    """Yield the models that may stand at `path` below a type."""
    if isinstance(hint, type) and issubclass(hint, Shape):
        if not path:
            yield hint
            return
        fields = {field.alias or key: field for key, field in hint.model_fields.items()}
        if path[0] in fields:
            yield from _shapes(fields[str(path[0])].annotation, path[1:])
    elif get_origin(hint) in {dict, list} and path:
        yield from _shapes(get_args(hint)[-1], path[1:])
    elif get_origin(hint) not in {dict, list}:
        for part in get_args(hint):
            yield from _shapes(part, path)


def _found(given: Any) -> str:
    if given is None:
        return "nothing"
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, (int, Decimal)):
        return f"the number {given}"
    return "a list" if isinstance(given, list) else "`key: value` lines" if isinstance(given, Mapping) else "a text"
