"""PostgreSQL's SQLSTATEs → what they mean for us. https://www.postgresql.org/docs/current/errcodes-appendix.html ."""

from __future__ import annotations

from collections.abc import Sequence

from cdc.model.errors import BadRow, CdcError, Denied, Misconfigured, Transient, Unreachable
from cdc.server.rule import Rule, hints, kinds, rule

_LOGIN = "Check user and password in the service file, and pg_hba.conf on the server."
_POOLER = "Let the service file name the server itself: a pooler that changes sessions between transactions can't be worked through."

RULES: Sequence[Rule] = (
    rule("40P01", Transient, "deadlock"),
    rule("40001", Transient, "serialization failure"),
    rule("40", Transient, "the transaction was rolled back"),
    rule("55P03", Transient, "a lock was not had in time (`lock_timeout`)"),
    rule("55006", Transient, "an object is in use"),
    rule("72", Transient, "the snapshot is too old"),
    rule("57014", Transient, "the statement was cancelled, or took too long (`statement_timeout`)"),
    rule("25P03", Transient, "the session was idle in a transaction for too long"),
    rule("25P04", Transient, "the transaction took too long (`transaction_timeout`)"),
    rule(
        "25006",
        Transient,
        "the server accepts no writes",
        "The server accepts no writes now (a standby, or default_transaction_read_only is on).",
    ),
    rule("53100", Transient, "the disk is full", "Free space on the server's disk; nothing is lost meanwhile."),
    rule("53200", Transient, "the server is out of memory"),
    rule("53300", Transient, "too many connections", "Raise max_connections on the server, or end other sessions."),
    rule("53", Transient, "a resource is used up"),
    rule("08P01", CdcError, "the two sides do not understand each other's protocol"),
    rule("08", Unreachable, "the connection failed"),
    rule("57P01", Unreachable, "an administrator ended the session or stops the server"),
    rule("57P02", Unreachable, "the server crashed"),
    rule("57P03", Unreachable, "the server is starting or stopping"),
    rule("57P05", Unreachable, "the session was idle for too long"),
    rule("40002", BadRow, "a constraint of the transaction fails"),
    rule("22", BadRow, "a value does not fit: range, length, format"),
    rule("23", BadRow, "a constraint fails: not null, unique, check, foreign key, exclusion"),
    rule("44000", BadRow, "a view's `with check option` fails"),
    rule("54000", BadRow, "a row or an index entry is too large"),
    rule("P0001", BadRow, "a trigger or function of the database raised an error"),
    rule("38 39 P0", BadRow, "a trigger or function of the database failed"),
    rule("28000 28P01", Denied, "the login was refused", _LOGIN),
    rule("28", Denied, "the login was refused"),
    rule(
        "42501", Denied, "a privilege is missing", "Grant the privilege that the message names: `cdc check --connect` prints the statement."
    ),
    rule("3D000", Misconfigured, "there is no such database", "Check the database's name in the service file's URL."),
    rule("57P04", Misconfigured, "the database was dropped"),
    rule("3F000", Misconfigured, "there is no such schema"),
    rule("26000 42P05", Misconfigured, "the session is not the one that it was", _POOLER),
    rule("55000", Misconfigured, "an object is not in a state for it, such as a published table without a replica identity"),
    rule("42", Misconfigured, "a table, column or function is not there or not as it was"),
    rule("58 XX", CdcError, "the server failed: input or output, a damaged file, an internal error"),
)

KINDS = kinds(RULES)
HINTS = hints(RULES)
