"""What is kept where: every cache in memory or on disk counts what it holds, for ``/metrics`` and ``obod cache``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol
from weakref import WeakSet

Where = Literal["memory", "disk"]


@dataclass(frozen=True, slots=True)
class Census:
    """What one cache holds and how often it was of use.

    entries : how many are held. size_bytes : bytes they take; None where only their number is bounded. most_bytes : the
    limit, None = none in bytes. hits, misses : look-ups of this process since it began. oldest_s : seconds since the
    oldest entry was made, None = empty.
    """

    name: str
    where: Where
    entries: int
    size_bytes: int | None
    most_bytes: int | None
    hits: int
    misses: int
    oldest_s: float | None


class Counted(Protocol):
    """A cache that can say what it holds."""

    def census(self) -> Census | None:
        """Return what is held, None where it is not known yet."""
        ...  # a protocol has no body


_CACHES: WeakSet[Counted] = WeakSet()


def count_in(cache: Counted) -> None:
    """Have a cache counted as long as it lives."""
    _CACHES.add(cache)


def take_census() -> list[Census]:
    """Return what the caches of this process hold, those of one name together, by name and place."""
    found: dict[tuple[str, Where], Census] = {}
    for counted in (cache.census() for cache in list(_CACHES)):
        if counted is not None:
            key = counted.name, counted.where
            found[key] = _together(found[key], counted) if key in found else counted
    return [found[key] for key in sorted(found)]


def _together(one: Census, other: Census) -> Census:
    """Two caches of a name in memory hold what both hold; two views of a folder see the same files."""
    memory = one.where == "memory"
    sizes = [size for size in (one.size_bytes, other.size_bytes) if size is not None]
    limits = [most for most in (one.most_bytes, other.most_bytes) if most is not None]
    ages_s = [age_s for age_s in (one.oldest_s, other.oldest_s) if age_s is not None]
    return Census(
        one.name,
        one.where,
        one.entries + other.entries if memory else max(one.entries, other.entries),
        (sum(sizes) if memory else max(sizes)) if sizes else None,
        (sum(limits) if memory else max(limits)) if limits else None,
        one.hits + other.hits,
        one.misses + other.misses,
        max(ages_s, default=None),
    )
