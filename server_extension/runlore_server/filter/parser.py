"""Reading a filter.

::

    filter     := and ("or" and)*
    and        := not ("and" not)*             words side by side need no "and"
    not        := "not" not | "(" filter ")" | comparison | text
    comparison := field ("=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~") value
                | field ["not"] ("like" | "ilike") value
                | field ["not"] "in" "(" value ("," value)* ")"
                | field "is" ["not"] "null"
    text       := word | 'quoted'
"""

from __future__ import annotations

from typing import cast

from runlore_server.filter import quantities
from runlore_server.filter.errors import FilterError, near
from runlore_server.filter.fields import WORDS, Type, field, has_entity, is_in_milliseconds, type_of
from runlore_server.filter.patterns import regular
from runlore_server.filter.tokens import Token, tokens
from runlore_server.filter.tree import And, Comparison, Field, Node, Not, Operator, Or, Text, Value

DEEPEST = 50
"""Parentheses and ``not`` that may stand within each other."""

_COMPARING = ("=", "!=", "<", "<=", ">", ">=", "~", "!~")
_WORDED = ("like", "ilike", "in", "is")
_KEYWORDS = frozenset(("and", "or", "not", "null", *_WORDED))
_EXPECTED: dict[Type, str] = {
    "text": "a text",
    "word": "a word",
    "number": "a number",
    "time": "a time, such as -7d, 2026-08-01 or '2026-08-01 12:00'",
    "duration": "a duration, such as 90, 5m or 1h30m",
    "loose": "a number or a text",
}


def parse(text: str) -> Node | None:
    """The tree of a filter; ``None`` for one that is blank, which finds every run.

    Raises:
        FilterError: it is no filter; the error knows the character.
        PackageMissing: it holds a regular expression, and RE2 is not installed.
    """
    found = tokens(text)
    return None if len(found) == 1 else _Parser(text, found).whole()


class _Parser:
    def __init__(self, text: str, found: list[Token]) -> None:
        self._text = text
        self._tokens = found
        self._next = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._or()
        if self._token.kind != "end":
            raise self._error(f"expected 'and', 'or' or the end, not {self._token}")
        return node

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _after(self) -> Token:
        return self._tokens[min(self._next + 1, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._token
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _error(
        self, message: str, token: Token | None = None, suggestions: list[str] | None = None
    ) -> FilterError:
        return FilterError(message, self._text, (token or self._token).position, suggestions or [])

    def _or(self) -> Node:
        parts = [self._and()]
        while self._token.keyword == "or":
            self._take()
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _and(self) -> Node:
        parts = [self._not()]
        while self._token.keyword == "and" or (isinstance(parts[-1], Text) and self._begins_a_part()):
            if self._token.keyword == "and":
                self._take()
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _begins_a_part(self) -> bool:
        token = self._token
        if token.kind in ("string", "field") or token.is_operator("("):
            return True
        return token.kind == "word" and token.keyword not in _KEYWORDS - {"not"}

    def _not(self) -> Node:
        token = self._token
        if token.keyword != "not" and not token.is_operator("("):
            return self._leaf()
        if self._depth == DEEPEST:
            raise self._error(f"at most {DEEPEST} parentheses and 'not' may stand within each other")
        self._depth += 1
        self._take()
        node = Not(self._not()) if token.keyword == "not" else self._closed(token)
        self._depth -= 1
        return node

    def _closed(self, opening: Token) -> Node:
        node = self._or()
        if not self._take_operator(")"):
            if self._token.kind == "end":
                raise self._error("this parenthesis is never closed", opening)
            raise self._error(f"expected 'and', 'or' or ')', not {self._token}")
        return node

    def _take_operator(self, symbol: str) -> bool:
        if not self._token.is_operator(symbol):
            return False
        self._take()
        return True

    def _leaf(self) -> Node:
        token = self._token
        if token.kind in ("end", "operator") or token.keyword in _KEYWORDS:
            raise self._error(f"expected a comparison (such as metrics.loss < 0.1) or a name, not {token}")
        compared = self._is_compared()
        if compared and token.kind == "string":
            raise self._error("a field stands before the operator, and a text in quotes is none")
        if not compared and has_entity(token):
            field(token, self._text)
            self._take()
            raise self._error(f"expected an operator after {token}, such as = or <")
        self._take()
        return self._comparison(token) if compared else Text(token.content)

    def _is_compared(self) -> bool:
        after = self._after()
        if after.keyword == "not":
            after = self._tokens[min(self._next + 2, len(self._tokens) - 1)]
            return after.keyword in _WORDED[:3]
        return after.is_operator(*_COMPARING) or after.keyword in _WORDED

    def _comparison(self, token: Token) -> Comparison:
        compared = field(token, self._text)
        at, operator = self._token, self._operator()
        kind = type_of(compared)
        self._check(compared, kind, operator, at)
        if operator in ("is null", "is not null"):
            return Comparison(compared, operator)
        if operator in ("in", "not in"):
            values = self._list(compared, token)
        elif operator in ("=", "!=", "<", "<=", ">", ">="):
            values = (self._value(compared, token),)
        else:
            values = (self._pattern(operator),)
        return Comparison(compared, operator, values)

    def _operator(self) -> Operator:
        token = self._take()
        if token.kind == "operator":
            return cast(Operator, token.content)
        word = token.keyword
        if word == "not":
            return cast(Operator, f"not {self._take().keyword}")
        if word != "is":
            return cast(Operator, word)
        negated = self._token.keyword == "not"
        if negated:
            self._take()
        if self._token.keyword != "null":
            raise self._error(f"expected {'null' if negated else 'null or not null'}, not {self._token}")
        self._take()
        return "is not null" if negated else "is null"

    def _check(self, compared: Field, kind: Type, operator: Operator, at: Token) -> None:
        """Refuse operators that mean nothing for the field."""
        patterned = operator.removeprefix("not ") in ("like", "ilike", "~", "!~")
        ordered = operator in ("<", "<=", ">", ">=")
        if (patterned and kind in ("number", "time", "duration")) or (ordered and kind in ("text", "word")):
            raise self._error(f"{compared} is {_EXPECTED[kind]}, which {operator!r} does not compare", at)

    def _list(self, compared: Field, named: Token) -> tuple[Value, ...]:
        opening = self._token
        if not self._take_operator("("):
            raise self._error(f"expected '(' and the values after 'in', not {self._token}")
        values = [self._value(compared, named)]
        while self._take_operator(","):
            values.append(self._value(compared, named))
        if not self._take_operator(")"):
            if self._token.kind == "end":
                raise self._error("this parenthesis is never closed", opening)
            raise self._error(f"expected ',' or ')', not {self._token}")
        return tuple(values)

    def _value(self, compared: Field, named: Token) -> Value:
        kind = type_of(compared)
        token = self._constant(_EXPECTED[kind])
        if kind == "text":
            return token.content
        if kind == "word":
            return self._one_of(compared.name, token)
        value: Value | None
        if kind == "loose":
            value = quantities.number(token.content) if token.kind == "word" else token.content
            return token.content if value is None else value
        if kind == "number":
            value = quantities.number(token.content) if token.kind == "word" else None
        elif kind == "duration":
            value = quantities.duration(token.content)
        else:
            bare = quantities.number(token.content)
            in_milliseconds = bare is not None and is_in_milliseconds(named)
            value = bare / 1000 if bare is not None and in_milliseconds else quantities.time(token.content)
        if value is None:
            raise self._error(f"expected {_EXPECTED[kind]}, not {token}", token)
        return value

    def _constant(self, expected: str) -> Token:
        token = self._token
        if token.kind not in ("word", "string") or token.keyword in _KEYWORDS:
            raise self._error(f"expected {expected}, not {token}")
        return self._take()

    def _one_of(self, name: str, token: Token) -> str:
        for word in WORDS[name]:
            if word.lower() == token.content.lower():
                return word
        meant = near(token.content, WORDS[name])
        hint = "" if meant else f"; there are {', '.join(WORDS[name])}"
        raise self._error(f"no run has the {name} {token}{hint}", token, meant)

    def _pattern(self, operator: Operator) -> str:
        token = self._constant("a pattern")
        if operator in ("~", "!~"):
            try:
                regular(token.content)
            except ValueError as error:
                raise self._error(f"no regular expression: {error}", token) from None
        return token.content
