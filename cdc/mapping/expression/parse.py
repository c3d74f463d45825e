"""An expression's text to sqlglot's tree. sqlglot only reads: nothing that it knows of functions, types or other dialects is used.

Its PostgreSQL parser is cut down to operators, CASE, CAST and the functions with a grammar of their own; every other call comes out as
a name with arguments, and what it means is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.tokenizer_core import Token, TokenType

from cdc.mapping.expression.refusal import Refused

_LENGTH, _TOKENS, _WIDTH, _DEPTH = 32_000, 8_000, 500, 25
"""Far more than people write, and well within what sqlglot and Python's own compiler can take."""
_GRAMMAR = ("CAST", "EXTRACT", "OVERLAY", "POSITION", "SUBSTRING", "TRIM")
_UNITS = frozenset({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"})
_FOREIGN = {
    ";": ("an expression is one value, without `;`", ""),
    "{": ("no such syntax in PostgreSQL", ""),
    "!": ("no such operator in PostgreSQL", "write `not`"),
    "==": ("no such operator in PostgreSQL", "write `=`"),
    "<=>": ("no such operator in PostgreSQL", "write `is not distinct from`"),
    "select": ("subqueries are not allowed", "an expression sees one row"),
    "all": ("`all` has no place here", ""),
}
"""What sqlglot understands although PostgreSQL does not, or means something else."""
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|(?P<open>['"])""")


_OPERATORS = (
    TokenType.RLIKE, TokenType.IRLIKE, TokenType.ARROW, TokenType.DARROW, TokenType.HASH_ARROW, TokenType.DHASH_ARROW, TokenType.HASH_DASH,
    TokenType.AT_GT, TokenType.LT_AT, TokenType.DAMP, TokenType.PLACEHOLDER, TokenType.QMARK_PIPE, TokenType.QMARK_AMP,
)  # fmt: skip
"""PostgreSQL gives all of them and `||` one precedence, from left to right: behind `+`, before `between`."""
_LIKES: Mapping[str, type[exp.Expr]] = {"~~": exp.Like, "~~*": exp.ILike}
_RANGES = frozenset({TokenType.BETWEEN, TokenType.ILIKE, TokenType.IN, TokenType.IS, TokenType.LIKE, TokenType.SIMILAR_TO})


class _Parser(PostgresParser):
    FUNCTIONS = {}  # noqa: RUF012 - sqlglot's own way to say it
    FUNCTION_PARSERS = {name: PostgresParser.FUNCTION_PARSERS[name] for name in _GRAMMAR}  # noqa: RUF012
    NO_PAREN_FUNCTIONS = {}  # noqa: RUF012
    NO_PAREN_FUNCTION_PARSERS = {"CASE": PostgresParser.NO_PAREN_FUNCTION_PARSERS["CASE"]}  # noqa: RUF012

    def _parse_interval(self, require_interval: bool = True, parse_function_unit: bool = True) -> exp.Interval | None:  # noqa: ARG002
        """`interval 'text' [unit]`, with its text as it stands; sqlglot would take it apart."""
        if self._next.token_type is not TokenType.STRING or not self._match(TokenType.INTERVAL):
            return None
        text = self._parse_string()
        unit = self._parse_var(upper=True) if self._curr and self._curr.text.upper() in _UNITS else None
        return self.expression(exp.Interval(this=text, unit=unit))

    def _parse_extract(self) -> exp.Extract:
        """`extract(field from value)`; sqlglot would take a comma too."""
        field = self._parse_var_or_string(upper=True)
        if field is None or not self._match(TokenType.FROM):
            self.raise_error("extract takes a field from a value")
        return self.expression(exp.Extract(this=field, expression=self._parse_bitwise()))

    LAMBDAS = {TokenType.FARROW: PostgresParser.LAMBDAS[TokenType.FARROW]}  # noqa: RUF012 - `->` is an operator
    RANGE_PARSERS = {token: made for token, made in PostgresParser.RANGE_PARSERS.items() if token in _RANGES}  # noqa: RUF012

    def _parse_bitwise(self) -> exp.Expr | None:
        this = self._parse_term()
        while True:
            if self._match_set(_OPERATORS):
                this = self.expression(exp.Operator(this=this, operator=self._prev.text, expression=self._parse_term()))
            elif self._curr and self._curr.text in _LIKES:
                self._advance()
                this = self.expression(_LIKES[self._prev.text](this=this, expression=self._parse_term()))
            elif self._match(TokenType.DPIPE):
                this = self.expression(exp.DPipe(this=this, expression=self._parse_term()))
            elif self._match_set(self.BITWISE):
                this = self.expression(self.BITWISE[self._prev.token_type](this=this, expression=self._parse_term()))
            else:
                return this


class _Dialect(Postgres):
    Parser = _Parser
    INDEX_OFFSET = 0  # a place in an array stays as it is written


_DIALECT = _Dialect()


def parse(text: str) -> exp.Expr:
    """Return the tree of one expression. Raises `Refused`."""
    if len(text) > _LENGTH:
        raise Refused("too-large", f"the expression has {len(text):,} characters, more than {_LENGTH:,}")
    tokens = _tokens(text)
    _check_tokens(text, tokens)
    try:
        trees = _DIALECT.parser().parse_into(exp.Condition, tokens, text)
    except ParseError as error:
        raise _syntax(error, tokens) from None
    except RecursionError:
        raise _too_deep() from None
    if len(trees) != 1 or trees[0] is None:
        raise Refused("sql-syntax", "an expression is expected")
    _check_shape(trees[0])
    return trees[0]


def _tokens(text: str) -> list[Token]:
    try:
        tokens = _DIALECT.tokenize(text)
    except TokenError:
        opened = next((found.start() for found in _QUOTED.finditer(text) if found["open"]), 0)
        raise Refused("sql-syntax", "a quote or comment is not closed", offset=opened) from None
    tokens = _joined(tokens)
    if not tokens:
        raise Refused("sql-syntax", "an expression is expected, found nothing")
    if len(tokens) > _TOKENS:
        raise Refused("too-large", f"the expression has {len(tokens):,} words and signs, more than {_TOKENS:,}")
    return tokens


def _joined(tokens: Sequence[Token]) -> list[Token]:
    """`!~` and `!~*` are one sign each."""
    made: list[Token] = []
    for token in tokens:
        if token.text in ("~", "~*") and made and made[-1].text == "!" and made[-1].end + 1 == token.start:
            start = made.pop().start
            made.append(Token(token.token_type, f"!{token.text}", token.line, token.col, start, token.end))
        else:
            made.append(token)
    return made


def _check_tokens(text: str, tokens: Sequence[Token]) -> None:
    end = depth = 0
    for token in [*tokens, None]:
        start = token.start if token else len(text)
        if between := text[end:start].strip():
            at = text.index(between, end)
            raise Refused("comment", "comments have no place in an expression", "write a YAML comment: # …", at, len(between))
        if token is None:
            return
        end = token.end + 1
        spelled = text[token.start : end]
        if spelled.lower() in _FOREIGN:
            raise Refused("not-allowed", *_FOREIGN[spelled.lower()], token.start, len(spelled))
        depth += (spelled == "(") - (spelled == ")")
        if depth > _DEPTH:
            raise _too_deep(token.start)


def _check_shape(tree: exp.Expr) -> None:
    """Limit breadth and depth; a chain of one operator (`a || b || c`) counts once."""
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > _DEPTH:
            raise _too_deep(place(node)[0])
        if len(node.args.get("ifs") or ()) > _WIDTH or (isinstance(node, exp.Anonymous) and len(node.expressions) > _WIDTH):
            raise Refused("too-large", f"more than {_WIDTH} branches or arguments", "a value map may do the same", *place(node))
        chained = isinstance(node, (exp.And, exp.Or, exp.DPipe))
        waiting.extend((inner, depth if chained and type(inner) is type(node) else depth + 1) for inner in node.iter_expressions())


def place(tree: exp.Expr) -> tuple[int, int]:
    """Return where a node stands in the text, as offset and width."""
    if isinstance(tree, exp.Anonymous) and "start" in tree.meta:
        return tree.meta["start"], tree.meta["end"] + 1 - tree.meta["start"]
    spots = [(node.meta["start"], node.meta["end"] + 1) for node in tree.walk() if "start" in node.meta]
    start = min((start for start, _ in spots), default=0)
    return start, max((end for _, end in spots), default=start + 1) - start


def _syntax(error: ParseError, tokens: Sequence[Token]) -> Refused:
    """Say what is wrong where; sqlglot counts columns to the end of the word that it does not like."""
    found = error.errors[0] if error.errors else {}
    token = next((token for token in tokens if (token.line, token.col) == (found.get("line"), found.get("col"))), tokens[-1])
    word = str(found.get("highlight") or token.text)
    said = str(found.get("description") or "syntax error")
    if said.startswith("Expecting )"):
        message = f"a closing bracket is missing near '{word}'"
    elif said.startswith("Required keyword"):
        message = f"an operand is missing near '{word}'"
    elif said.startswith("Invalid expression"):
        message = f"'{word}' is not expected here"
    else:
        message = f"{said[0].lower()}{said[1:]} near '{word}'"
    statement = token in tokens[:2] and tokens[0].text.lower() in _STATEMENTS  # some of these words may be a column's name
    alias = "an alias has no place here" if word.lower() == "as" else ""
    advice = "only expressions over the row's columns, no statements" if statement else alias
    return Refused("sql-syntax", message, advice, token.start, token.end + 1 - token.start)


_STATEMENTS = ("with", "insert", "update", "delete", "drop", "create", "set", "copy", "alter", "truncate")


def _too_deep(offset: int = 0) -> Refused:
    return Refused("too-deep", f"the expression is nested more than {_DEPTH} levels deep", offset=offset)
