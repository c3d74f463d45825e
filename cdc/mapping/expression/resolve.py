"""A function's name and its arguments' types to one of its signatures, by PostgreSQL's rules.

https://www.postgresql.org/docs/current/typeconv-func.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cdc.mapping.expression.sqltype import IMPLICIT, PREFERRED, Sql
from cdc.mapping.expression.vocabulary.signature import Signature


def resolve(signatures: Sequence[Signature], given: Sequence[Sql]) -> Sequence[Signature]:
    """Return the signature that is meant; none when nothing fits, several when more than one does."""
    fitting = _resolved(signatures, [Sql.INT2 if sql is Sql.FLAG else sql for sql in given])
    if not fitting and Sql.FLAG in given:
        fitting = _resolved(signatures, [Sql.BOOL if sql is Sql.FLAG else sql for sql in given])
    return fitting


def _resolved(signatures: Sequence[Signature], given: Sequence[Sql]) -> Sequence[Signature]:
    alike = _unknown_as_the_other(given)
    exact = [signature for signature in signatures if signature.arguments in (tuple(given), alike)]
    if exact:
        return exact[:1]
    fitting = [signature for signature in signatures if _fits(signature, given)]
    if Sql.ANY in given:
        return fitting
    fitting = _most(fitting, lambda signature: sum(map(_is, signature.arguments, given)))
    fitting = _most(fitting, lambda signature: sum(map(_is_or_preferred, signature.arguments, given)))
    if len(fitting) > 1 and Sql.UNKNOWN in given:
        fitting = _most(fitting, lambda signature: sum(map(_reads_literal, signature.arguments, given)))
        fitting = _with_unknown_as_known(fitting, given)
    return fitting


def _fits(signature: Signature, given: Sequence[Sql]) -> bool:
    wanted = signature.arguments
    return len(wanted) == len(given) and all(target in IMPLICIT[sql] for sql, target in zip(given, wanted, strict=True))


def _with_unknown_as_known(signatures: list[Signature], given: Sequence[Sql]) -> list[Signature]:
    """PostgreSQL's last resort: literals are taken to be of the one type that the other arguments have."""
    known = {sql for sql in given if sql is not Sql.UNKNOWN}
    alike = [sql for sql in known for _ in given] if len(known) == 1 else []
    fitting = [signature for signature in signatures if alike and _fits(signature, alike)]
    return fitting if len(fitting) == 1 else signatures


def _unknown_as_the_other(given: Sequence[Sql]) -> tuple[Sql, ...]:
    """A literal beside one operand has that operand's type."""
    known = {sql for sql in given if sql is not Sql.UNKNOWN}
    return tuple(known) * 2 if len(given) == 2 and len(known) == 1 else ()


def _is(wanted: Sql, given: Sql) -> bool:
    return wanted is given


def _is_or_preferred(wanted: Sql, given: Sql) -> bool:
    return wanted is given or (wanted in PREFERRED and given is not Sql.UNKNOWN)


def _reads_literal(wanted: Sql, given: Sql) -> bool:
    return wanted is Sql.TEXT and given is Sql.UNKNOWN


def _most(signatures: Sequence[Signature], count: Callable[[Signature], int]) -> list[Signature]:
    most = max(map(count, signatures), default=0)
    return [signature for signature in signatures if count(signature) == most]
