"""The shape of the service file: its keys, their types, defaults and what each means. The JSON Schema is made from these models."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from cdc.app.service.protection import DeleteBreakerFile, Duration, ParkingFile, RetentionFile
from cdc.mapping.files.shape import SCALAR, Shape


def _number(given: Any) -> Any:
    """A number that comes from the environment is a text."""
    return int(given) if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 10 else given


_COUNT: dict[str, Any] = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 100_000}, {"type": "string", "pattern": r"^\$\{"}]}
Count: TypeAlias = Annotated[int, Field(ge=1, le=100_000), BeforeValidator(_number), WithJsonSchema(_COUNT)]
_PART: dict[str, Any] = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 100_000_000}, {"type": "string", "pattern": r"^\$\{"}]}
PartRows: TypeAlias = Annotated[int, Field(ge=1, le=100_000_000), BeforeValidator(_number), WithJsonSchema(_PART)]


class DatabaseFile(Shape):
    """Where a database is and how to log in."""

    url: str = Field(
        description="postgresql:// or mysql:// (MySQL and MariaDB), user, host, port and database.",
        examples=["postgresql://cdc@127.0.0.1:5432/erp"],
    )
    password: Annotated[str, WithJsonSchema(SCALAR)] = Field(
        default="", description="The user's password, best as a reference.", examples=["${file:/etc/cdc/erp.password}"]
    )
    time_zone: str = Field(
        default="",
        description="The zone of its clocks on the wall (timestamp without time zone, DATETIME), where they meet a point in time of another database.",
        examples=["Europe/Berlin"],
    )


class MetricsFile(Shape):
    """Where Prometheus asks."""

    later: ClassVar[frozenset[str]] = frozenset({"per_table"})

    listen: str = Field(
        default="127.0.0.1:9893", description="Address and port of metrics, health and status.", examples=["127.0.0.1:9893"]
    )


class PipelineFile(Shape):
    """One direction: a source, a target and the mappings between them."""

    source: str = Field(description="One of `databases`: what is read.", examples=["erp"])
    target: str = Field(description="One of `databases`: what is written.", examples=["crm"])
    mappings: str = Field(
        default="",
        description="Folder of mapping files (*.yaml, *.yml), or one file; relative to the service file.",
        examples=["mappings/erp_to_crm"],
    )
    metrics: MetricsFile | None = Field(
        default=None, description="An own address for this pipeline, when each runs in a process of its own."
    )
    heartbeat: Duration = Field(
        default=10.0, description="Time between two signs of life that travel through the source's log; `off`: none.", examples=["10s"]
    )
    stall: Duration = Field(
        default=60.0,
        description="Time for which the pipeline may stand still with work to do before it counts as stalled; `off`: any.",
        examples=["60s"],
    )
    retention: RetentionFile = Field(
        default_factory=RetentionFile,
        description="How much log the source may keep for the pipeline, and what happens then.",
        examples=[{"warn": "50%"}],
    )
    delete_breaker: DeleteBreakerFile | None = Field(
        default=None,
        description="Pause the pipeline rather than apply more deletes than this; without it any number is applied.",
        examples=[{"per_minute": 1000}],
    )
    parking: ParkingFile = Field(
        default_factory=ParkingFile,
        description="How much may be parked before that ends the pipeline.",
        examples=[{"rows": 5000}],
    )
    batch_rows: Count = Field(
        default=5000,
        description="Row changes of a target transaction at most, when there is much to do.",
        examples=[5000],
    )
    part_rows: PartRows = Field(
        default=20000,
        description="Row changes of one source transaction that are held at a time. A larger one is written in parts, inside one target transaction.",
        examples=[20000],
    )


class MaskingFile(Shape):
    """What masking needs that no mapping file may hold."""

    salt: Annotated[str, WithJsonSchema(SCALAR)] = Field(
        description="Secret that `hash_sha256` adds to each text, best as a reference. With another one, all hashes are others: keep it.",
        examples=["${file:/etc/cdc/salt}"],
    )


class PythonFile(Shape):
    """Python code of your own that mappings may call."""

    modules: list[str] = Field(
        description="Modules whose functions mappings may name, by their whole names; no other is ever imported.",
        min_length=1,
        examples=[["acme.names"]],
    )


class LogFile(Shape):
    """What is logged, to stderr."""

    format: Literal["auto", "console", "json"] = Field(default="auto", description="`auto`: for people on a terminal, JSON elsewhere.")
    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="The least that is logged.")


class ServiceFile(Shape):
    """Databases, and pipelines between them."""

    later: ClassVar[frozenset[str]] = frozenset({"state"})

    version: Literal[1] = Field(description="Version of this file's format.", examples=[1])
    databases: dict[str, DatabaseFile] = Field(description="Name: where it is. The names mark what was written, so keep them.")
    pipelines: dict[str, PipelineFile] = Field(description="Name: one direction. The names are those of checkpoints, so keep them.")
    metrics: MetricsFile | None = Field(default=None, description="Where Prometheus asks; without it nothing listens.")
    masking: MaskingFile | None = Field(default=None, description="What masking needs; without it, `hash_sha256` is refused.")
    python: PythonFile | None = Field(default=None, description="What mappings may call; without it, `python` in a mapping is refused.")
    log: LogFile = Field(default_factory=LogFile, description="What is logged, to stderr.")
