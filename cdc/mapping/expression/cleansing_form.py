"""Cleansing and masking whose parameters are settled when the mapping is compiled, a region, a character set, the salt; and how long results are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from phonenumbers.phonenumberutil import SUPPORTED_REGIONS
from sqlglot import exp

from cdc.mapping.expression.checker import Checker, Operand, refused
from cdc.mapping.expression.fold import fold
from cdc.mapping.expression.node import Call, Constant, Node, is_null
from cdc.mapping.expression.runtime.charset import UNFIT, fits_charset
from cdc.mapping.expression.salt import UNSALTED
from cdc.mapping.expression.sqltype import BOOL, TEXT, UNKNOWN, Sql, SqlType
from cdc.mapping.expression.vocabulary import FUNCTIONS
from cdc.mapping.files.problem import did_you_mean, one_of

_SETTLED = SqlType(Sql.BYTES)
"""Stands for the type of a parameter that no expression can make."""


def _clean_phone(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    _takes(tree, "clean_phone", operands, 1, 2)
    text = checker.convert(*operands[0], TEXT)
    region = checker.convert(*operands[1], TEXT) if operands[1:] else Constant(TEXT, None)
    if isinstance(region, Constant) and not is_null(region) and region.native not in SUPPORTED_REGIONS:
        advice = did_you_mean(region.native.upper(), SUPPORTED_REGIONS) or "two capitals, as ISO 3166-1 has them: 'DE'"
        raise refused(operands[1][0], "bad-value", f"there are no telephone numbers of a region '{region.native}'", advice)
    return fold(Call(_up_to(16), "clean_phone", (text, region), strict=False, maybe_null=True))


def _fits_charset(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    _takes(tree, "fits_charset", operands, 2)
    return fold(Call(BOOL, "fits_charset", (_charset(operands[1]), checker.convert(*operands[0], TEXT))))


def _replace_unfit(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    _takes(tree, "replace_unfit", operands, 3)
    charset, replacement = _charset(operands[1]), _literal(operands[2])
    if replacement is None or not fits_charset(charset.native, replacement):
        raise refused(operands[2][0], "bad-value", "the replacement is a text literal of the same character set", "write '?' or ''")
    return fold(Call(TEXT, "replace_unfit", (charset, checker.convert(*operands[0], TEXT), Constant(TEXT, replacement))))


def _charset(operand: Operand) -> Constant:
    name = _literal(operand) or ""
    if name not in UNFIT:
        advice = did_you_mean(name, UNFIT) or f"there are {one_of(list(UNFIT))}"
        raise refused(operand[0], "bad-value", "this is no character set that is known here", advice)
    return Constant(_SETTLED, UNFIT[name])


def _hash_sha256(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    _takes(tree, "hash_sha256", operands, 1, 2)
    if operands[1:] and _literal(operands[1]) != "":
        advice = "name the salt in the service file, as `masking: {salt: …}`, and leave the second value out"
        raise refused(operands[1][0], "bad-value", "the second value of hash_sha256 can only be '': without any salt", advice)
    salt = UNSALTED if operands[1:] else checker.scope.salt
    if salt is None:
        advice = "name it in the service file: `masking: {salt: \"${file:/etc/cdc/salt}\"}`; or write hash_sha256(…, '') for none"
        raise refused(tree, "no-salt", "hash_sha256 needs a salt: without one, who hashes all telephone numbers can read them back", advice)
    return fold(Call(_up_to(64), "hash_sha256", (Constant(_SETTLED, salt), checker.convert(*operands[0], TEXT))))


def _sized(name: str, size: int) -> Callable[[Checker, exp.Expr, Sequence[Operand]], Node]:
    """What is made of one text and never longer: the target column can be held against it."""

    def check(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
        return fold(replace(checker.call(tree, name, operands), type=_up_to(size)))

    return check


def _fit(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    made = _tried(checker.call(tree, "fit", operands))
    length = made.arguments[1]
    return fold(replace(made, type=_up_to(length.native)) if isinstance(length, Constant) and length.native else made)


def _mask(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    return fold(_tried(checker.call(tree, "mask", operands)))


def _tried(made: Call) -> Call:
    """Parameters that no text goes with fail now rather than at the first row. Raises `BadValue`."""
    fold(replace(made, arguments=(Constant(TEXT, ""), *made.arguments[1:])))
    return made


def _up_to(size: int) -> SqlType:
    return SqlType(Sql.VARCHAR, size)


def _literal(operand: Operand) -> str | None:
    """Return a text literal's text."""
    node = operand[1]
    return node.native if isinstance(node, Constant) and node.type in (UNKNOWN, TEXT) else None


def _takes(tree: exp.Expr, name: str, operands: Sequence[Operand], *counts: int) -> None:
    if len(operands) not in counts:
        raise refused(
            tree,
            "no-function",
            f"{name} does not take {len(operands)} value{'' if len(operands) == 1 else 's'}",
            "; ".join(FUNCTIONS[name].usage),
        )


FORMS: Mapping[str, Callable[[Checker, exp.Expr, Sequence[Operand]], Node]] = {
    "clean_phone": _clean_phone,
    "clean_email": _sized("clean_email", 318),
    "clean_country": _sized("clean_country", 2),
    "clean_iban": _sized("clean_iban", 34),
    "clean_vat": _sized("clean_vat", 16),
    "fit": _fit,
    "mask": _mask,
    "fits_charset": _fits_charset,
    "replace_unfit": _replace_unfit,
    "hash_sha256": _hash_sha256,
}
