"""What a caller prefers: ``Accept`` and ``Accept-Encoding`` with their weights (RFC 9110, 12.4 and 12.5)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

JSON = "application/json"  # who takes it takes what is written in it: GeoJSON, problems, style sheets of maps
IDENTITY = "identity"
KEPT = 256  # headers whose meaning is kept: browsers send a few alike


def read_weights(header: str) -> list[tuple[str, float]]:
    """Return (what is named, weight 0-1) in the order of a header; what is malformed is left out."""
    found = []
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                weight = _weight_of(value.strip())
        if name and weight >= 0.0:
            found.append((name, weight))
    return found


def _weight_of(text: str) -> float:
    """Weight written as in RFC 9110, 12.4.2; -1 for anything else."""
    whole, _, decimals = text.partition(".")
    well_formed = whole in ("0", "1") and len(decimals) <= 3 and (not decimals or decimals.isdecimal())
    weight = float(text) if well_formed and text.isascii() else -1.0
    return weight if weight <= 1.0 else -1.0


@lru_cache(maxsize=KEPT)
def weigh_type(accept: str | None, media_type: str) -> float:
    """Return how much a media type is wanted: the weight of the range that names it most closely, 0 = not at all.

    A missing or empty header wants everything alike.
    """
    if accept is None or not accept.strip():
        return 1.0
    wanted = media_type.partition(";")[0].strip().lower()
    closest, weight = -1, 0.0
    for name, given in read_weights(accept):
        close = _closeness(name, wanted)
        if close > closest or (close == closest >= 0 and given > weight):
            closest, weight = close, given
    return weight


def _closeness(given: str, wanted: str) -> int:
    """How closely a media range names a type: 3 itself, 2 as JSON, 1 its kind, 0 anything, -1 not."""
    if given == wanted:
        return 3
    if given == JSON and wanted.endswith("+json"):
        return 2
    if given == f"{wanted.partition('/')[0]}/*":
        return 1
    return 0 if given == "*/*" else -1


def choose_type(accept: str | None, offered: Sequence[str]) -> str | None:
    """Return the media type wanted most, of equals the one offered first; None where none is acceptable."""
    weights = [weigh_type(accept, media_type) for media_type in offered]
    best = max(weights)
    return offered[weights.index(best)] if best > 0.0 else None


@lru_cache(maxsize=KEPT)
def choose_encoding(accept_encoding: str | None, offered: tuple[str, ...]) -> str:
    """Return the content coding wanted most, of equals the one offered first; ``identity`` where none is.

    What is not named is not wanted, but for ``identity``, which is unless it is refused; where everything is refused
    it is sent all the same, which a caller can read.
    """
    if not accept_encoding:
        return IDENTITY
    named = dict(read_weights(accept_encoding))
    others = named.get("*", 0.0)
    weights = [named.get(name, others) for name in offered]
    plain = named.get(IDENTITY, others if "*" in named else 0.0)
    best = max(weights, default=0.0)
    return offered[weights.index(best)] if best > 0.0 and best >= plain else IDENTITY
