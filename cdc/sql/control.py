"""What operators and the daemon write beside the position in a pipeline's row of `cdc.checkpoint`, and in `cdc.audit_trail`: the statements."""

from __future__ import annotations

from collections.abc import Mapping

from cdc.model.words import Words
from cdc.model.write import Phase
from cdc.sql import ledger

_CHECKPOINT = f"{ledger.SCHEMA}.{ledger.CHECKPOINT}"
_AUDIT = f"{ledger.SCHEMA}.{ledger.AUDIT}"
REASON = 255
"""Characters of `paused_for`."""


def read(words: Words, pipeline: str) -> str:
    """Return the query for (paused since, why, deletes allowed, mappings, request, answer, resync, the server's clock)."""
    columns = "cast(paused_at as char(19)), paused_for, deletes_allowed, mappings, request, answer, resync"
    return f"select {columns}, {words.epoch} from {_CHECKPOINT} where {_mine(words, pipeline)}"


def footing(words: Words, pipeline: str) -> str:
    """Return the query for what the source's tables stood on."""
    return f"select footing from {_CHECKPOINT} where {_mine(words, pipeline)}"


def write(words: Words, pipeline: str, given: Mapping[str, str | int | None]) -> str:
    """Return the statement that gives columns of the row new values. `seq` and `epoch` stay, so that a batch under way is not fenced off."""
    pairs = (f"{column} = {_literal(words, column, text)}" for column, text in given.items())
    return f"update {_CHECKPOINT} set {', '.join(pairs)} where {_mine(words, pipeline)}"


def instead(words: Words, pipeline: str, column: str, text: str, before: str) -> str:
    """Return the statement that gives a column another text, where it has still the one that was read; empty: none."""
    return f"{write(words, pipeline, {column: text})} and coalesce({column}, '') = {words.text(before)}"


def begin(words: Words, pipeline: str) -> str:
    """Return the statement that makes the row of a pipeline which never ran."""
    columns = "pipeline, seq, epoch, phase, position, origin, holder, newest, rows_applied, updated_at"
    return (
        f"insert into {_CHECKPOINT} ({columns})"
        f" values ({words.text(pipeline)}, 0, 1, '{Phase.LOADING.value}', null, '', '', 0, 0, {words.now})"
    )


def move(words: Words, pipeline: str, position: str) -> str:
    """Return the statement that sets the position; a daemon that did not see it come is fenced off by the epoch."""
    return (
        f"update {_CHECKPOINT} set position = {words.text(position)}, phase = '{Phase.STREAMING.value}', seq = seq + 1, epoch = epoch + 1,"
        f" updated_at = {words.now} where {_mine(words, pipeline)}"
    )


def audit(words: Words, pipeline: str, who: str, what: str, detail: str) -> str:
    """Return the statement that puts down an act. `detail` holds no value of a row."""
    given = ", ".join(map(words.text, (who[:REASON], pipeline, what, detail)))
    return f"insert into {_AUDIT} (who, pipeline, what, detail) values ({given})"


def _literal(words: Words, column: str, text: str | int | None) -> str:
    if column == "paused_at" and text is not None:
        return words.now
    return "null" if text is None else str(text) if isinstance(text, int) else words.text(text)


def _mine(words: Words, pipeline: str) -> str:
    return f"pipeline = {words.text(pipeline)}"
