"""The arbiter: live intents by rank, each narrowing what the ones before it left."""

from collections.abc import Iterable
from dataclasses import dataclass

from edgeagent.autonomy.compiled import Target
from edgeagent.model.intent import Choice, Domain, Hold, Intent, Range, Rank
from edgeagent.model.reading import Value


@dataclass(frozen=True, slots=True)
class Verdict:
    """The value for one target, by whom and why, and whom it limits."""

    value: Value
    rank: Rank
    source: str
    reason: str
    limited: tuple[str, ...]


def arbitrate(target: Target, intents: Iterable[Intent], now_s: float, present: Value | None = None) -> Verdict | None:
    """What becomes of a target, or None to leave it as it is; ``present`` is its known value.

    One that asks for what is no longer left is pulled to the nearest edge and named. Among equals the one nearer to
    ``safe`` goes first; where ``safe`` is to hold, the one nearer to the present value.
    """
    lean = present if isinstance(target.safe, Hold) else target.safe
    live = sorted((one for one in intents if one.expires_s > now_s), key=lambda one: _order(one, lean))
    left: Domain = target.domain
    limited: list[str] = []
    decisive: Intent | None = None
    for intent in live:
        narrowed, pulled = narrow(left, intent.allows)
        if pulled:
            limited.append(intent.source)
        if decisive is None and (narrowed != left or not pulled):
            decisive = intent
        left = narrowed
    if decisive is None:
        return None if isinstance(target.safe, Hold) else Verdict(target.safe, Rank.DEFAULT, "safe", "nobody asks", ())
    value = _nearest(left, lean)
    return Verdict(value, decisive.rank, decisive.source, decisive.reason, tuple(dict.fromkeys(limited)))


def fits(domain: Domain, allows: Domain) -> bool:
    """Whether the two are of one sort: numbers and numbers, or words and words of which one at least is known."""
    if isinstance(domain, Range) or isinstance(allows, Range):
        return isinstance(domain, Range) and isinstance(allows, Range)
    return bool(domain.words & allows.words)


def told(domain: Domain) -> str:
    """What a domain takes, in words."""
    if isinstance(domain, Range):
        return f"{domain.low:g}" if domain.low == domain.high else f"{domain.low:g} to {domain.high:g}"
    return " or ".join(sorted(domain.words))


def narrow(left: Domain, allows: Domain) -> tuple[Domain, bool]:
    """What is left of ``left``, and whether ``allows`` asked for something else; never more, never empty."""
    if isinstance(left, Range) and isinstance(allows, Range):
        low, high = max(left.low, allows.low), min(left.high, allows.high)
        if low <= high:
            return Range(low, high), False
        edge = left.high if allows.low > left.high else left.low
        return Range(edge, edge), True
    if isinstance(left, Choice) and isinstance(allows, Choice) and (both := left.words & allows.words):
        return Choice(both), False
    return left, True


def inside(domain: Domain, value: Value) -> bool:
    """Whether a value is one that the target can take."""
    if isinstance(domain, Choice):
        return value in domain.words
    return not isinstance(value, bool | str) and domain.low <= value <= domain.high


def _order(intent: Intent, lean: Value | None) -> tuple[int, float, str, str, str]:
    return intent.rank, _distance(intent.allows, lean), intent.source, intent.reason, _text(intent.allows)


def _distance(allows: Domain, lean: Value | None) -> float:
    if lean is None or inside(allows, lean):
        return 0.0
    if isinstance(allows, Choice) or isinstance(lean, bool | str):
        return 1.0
    return allows.low - lean if lean < allows.low else lean - allows.high


def _nearest(left: Domain, lean: Value | None) -> Value:
    """The value that is left nearest to the wanted one; without one, the first word or the lowest number."""
    if lean is not None and inside(left, lean):
        return lean
    if isinstance(left, Choice):
        return min(left.words)
    if lean is None or isinstance(lean, bool | str):
        return left.low
    return left.low if lean < left.low else left.high


def _text(allows: Domain) -> str:
    return repr(sorted(allows.words)) if isinstance(allows, Choice) else f"{allows.low!r} {allows.high!r}"
