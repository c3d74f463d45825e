"""The models of the files that people write, to JSON Schemas, so that editors complete and check them while they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdc.mapping.files.mapping import MappingFile
from cdc.mapping.files.shape import Shape

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def mapping_schema() -> dict[str, Any]:
    """Return the JSON Schema of a mapping file."""
    return schema(MappingFile, "A mapping file of cdc")


def schema(model: type[Shape], title: str) -> dict[str, Any]:
    """Return a model's JSON Schema."""
    made = _tidy(model.model_json_schema(by_alias=True))
    return {"$schema": _DRAFT, **made, "title": title}


def _tidy(made: Any) -> Any:
    """Leave out what says nothing to people: generated titles, and defaults that mean "not there"."""
    if isinstance(made, list):
        return [_tidy(inner) for inner in made]
    if not isinstance(made, Mapping):
        return made
    return {key: _tidy(inner) for key, inner in made.items() if not _says_nothing(key, inner)}


def _says_nothing(key: str, inner: Any) -> bool:
    return (key == "title" and isinstance(inner, str)) or (key == "default" and inner in ("", None))
