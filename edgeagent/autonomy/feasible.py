"""Whether conditions can hold, alone and together: found by trying every answer of their limits that numbers allow."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise, product

from edgeagent.autonomy.expression import Atom, atoms, parse, truth_of
from edgeagent.autonomy.limit import COMPARE
from edgeagent.autonomy.templates import LimitTemplate
from edgeagent.model.interlock import Name
from edgeagent.model.limit import Limit, Operator, Truth


def satisfiable(texts: Sequence[str], limits: Mapping[str, LimitTemplate]) -> bool:
    """Whether all the conditions can hold at once."""
    asked = list(dict.fromkeys(atom for text in texts for atom in atoms(text)))
    terms = [parse(text, lambda atom: Name(_key(atom))) for text in texts]
    for answers in product((Truth.TRUE, Truth.FALSE), repeat=len(asked)):
        truths = {_key(atom): answer for atom, answer in zip(asked, answers, strict=True)}
        if all(truth_of(term, truths) is Truth.TRUE for term in terms):
            facts = _facts(zip(asked, answers, strict=True), limits)
            if facts is not None and _possible(facts):
                return True
    return False


def _key(atom: Atom) -> str:
    return f"{atom.quantifier} {atom.name}"


def _facts(
    answers: Iterable[tuple[Atom, Truth]], limits: Mapping[str, LimitTemplate]
) -> list[tuple[Limit, bool]] | None:
    """What the answers say about the place itself: of every, all; of any that is false, none. None if they clash."""
    found: dict[str, bool] = {}
    for atom, truth in answers:
        holds = truth is Truth.TRUE
        tells = (
            not atom.quantifier or (atom.quantifier == "every" and holds) or (atom.quantifier == "any" and not holds)
        )
        if tells and found.setdefault(atom.name, holds) is not holds:
            return None
    return [(limits[name].limit, holds) for name, holds in found.items()]


def _possible(facts: Iterable[tuple[Limit, bool]]) -> bool:
    """Whether some value of each point fits all that is said of it."""
    by_point: dict[tuple[str, float | None], list[tuple[Limit, bool]]] = {}
    for limit, holds in facts:
        by_point.setdefault((limit.point, limit.window_s), []).append((limit, holds))
    return all(_some_value(together) for together in by_point.values())


def _some_value(together: Sequence[tuple[Limit, bool]]) -> bool:
    words = [limit.value for limit, _ in together if isinstance(limit.value, str)]
    if words:
        return any(
            all(((word == limit.value) is (limit.operator is Operator.EQUAL)) is holds for limit, holds in together)
            for word in (*words, "")
        )
    bounds = sorted(float(limit.value) for limit, _ in together)
    between = [(low + high) / 2 for low, high in pairwise(bounds)]
    tries = [bounds[0] - 1, *bounds, *between, bounds[-1] + 1]
    return any(
        all(COMPARE[limit.operator](value, float(limit.value)) is holds for limit, holds in together) for value in tries
    )
