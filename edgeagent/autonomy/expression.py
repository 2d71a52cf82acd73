"""Expressions over limits: ``inlet-hot and not (door-open or any cooling-fault)``.

There are only names, ``and``, ``or``, ``not``, parentheses, and the quantifiers ``any``, ``every`` and ``neighbour``
before a name; nothing of Python is evaluated.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from edgeagent.model.interlock import All, Name, Not, Some, Term
from edgeagent.model.limit import Truth

MAX_TERMS = 20
MAX_DEPTH = 10
Quantifier = Literal["", "any", "every", "neighbour"]
_TOKEN = re.compile(r"\s*(?:([a-z0-9][a-z0-9-]*)|([()]))")
KEYWORDS = frozenset({"and", "or", "not", "any", "every", "neighbour"})

TRUE, FALSE, STALE, ERROR = Truth.TRUE, Truth.FALSE, Truth.STALE, Truth.ERROR


class Unparsable(ValueError):
    """The text is no expression; the message says why."""


@dataclass(frozen=True, slots=True)
class Atom:
    """A limit's name as it is written, before it is known for which rack or aisle."""

    name: str
    quantifier: Quantifier = ""


def parse(text: str, resolve: Callable[[Atom], Term]) -> Term:
    """The term that a text means; ``resolve`` says what a name stands for.

    Raises:
        Unparsable: the text has another grammar, or is too long.
    """
    parser = _Parser(list(_tokens(text)), resolve)
    term = parser.either(0)
    if parser.at < len(parser.tokens):
        raise Unparsable(f'cannot use "{parser.tokens[parser.at]}" here: "and" or "or" must stand before it')
    return term


def atoms(text: str) -> tuple[Atom, ...]:
    """The names in a text, in their order, each once.

    Raises:
        Unparsable: as `parse`.
    """
    found: dict[Atom, None] = {}

    def note(atom: Atom) -> Term:
        found[atom] = None
        return Name(atom.name)

    parse(text, note)
    return tuple(found)


def truth_of(term: Term, truths: Mapping[str, Truth]) -> Truth:
    """What the term says, given what each limit says."""
    if isinstance(term, Name):
        return truths[term.id]
    if isinstance(term, Not):
        return _OPPOSITE[truth_of(term.term, truths)]
    dominant, neutral = (FALSE, TRUE) if isinstance(term, All) else (TRUE, FALSE)
    said = neutral
    for part in term.terms:
        one = truth_of(part, truths)
        if one is dominant:
            return dominant
        if one is ERROR or (one is STALE and said is neutral):
            said = one
    return said


def names(term: Term) -> tuple[str, ...]:
    """The limits that a term looks at, sorted."""
    return tuple(sorted(set(_names(term))))


_OPPOSITE = {TRUE: FALSE, FALSE: TRUE, STALE: STALE, ERROR: ERROR}


def _names(term: Term) -> Iterator[str]:
    if isinstance(term, Name):
        yield term.id
    elif isinstance(term, Not):
        yield from _names(term.term)
    else:
        for part in term.terms:
            yield from _names(part)


def _tokens(text: str) -> Iterator[str]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise Unparsable(f'cannot use "{text[at:].strip()[:20]}": names, and, or, not and parentheses only')
        yield match[1] or match[2]
        at = match.end()


class _Parser:
    """Recursive descent, bounded in depth and length."""

    def __init__(self, tokens: list[str], resolve: Callable[[Atom], Term]) -> None:
        self.tokens, self.at = tokens, 0
        self._resolve = resolve
        self._terms = 0

    def either(self, depth: int) -> Term:
        if depth > MAX_DEPTH:
            raise Unparsable(f"cannot use more than {MAX_DEPTH} parentheses within each other")
        terms = [self._both(depth)]
        while self._skip("or"):
            terms.append(self._both(depth))
        return terms[0] if len(terms) == 1 else Some(tuple(terms))

    def _both(self, depth: int) -> Term:
        terms = [self._one(depth)]
        while self._skip("and"):
            terms.append(self._one(depth))
        return terms[0] if len(terms) == 1 else All(tuple(terms))

    def _one(self, depth: int) -> Term:
        if self._skip("not"):
            return Not(self._one(depth + 1) if depth < MAX_DEPTH else self.either(depth + 1))
        if self._skip("("):
            term = self.either(depth + 1)
            if not self._skip(")"):
                raise Unparsable('cannot find the ")" of a "("')
            return term
        return self._resolve(self._atom())

    def _atom(self) -> Atom:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise Unparsable(f"cannot use more than {MAX_TERMS} names")
        if self._skip("any"):
            return Atom(self._name(), "any")
        if self._skip("every"):
            return Atom(self._name(), "every")
        if self._skip("neighbour"):
            return Atom(self._name(), "neighbour")
        return Atom(self._name())

    def _name(self) -> str:
        name = self.tokens[self.at] if self.at < len(self.tokens) else ""
        if not name or name in KEYWORDS or name in {"(", ")"}:
            raise Unparsable(f'cannot use "{name or "the end"}" here: the name of a limit must stand here')
        self.at += 1
        return name

    def _skip(self, word: str) -> bool:
        found = self.at < len(self.tokens) and self.tokens[self.at] == word
        self.at += found
        return found
