"""What was made is kept in memory within bounds: looked up without a lock, made by one maker at a time."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from layers.cache.census import Census, count_in

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class _Entry(Generic[Value]):
    """A value, the token it is good for, when it was made, and whether it was looked up since room was last made."""

    __slots__ = ("fresh", "made_at", "size", "used", "value")

    def __init__(self, value: Value, fresh: object, size: int) -> None:
        self.value = value
        self.fresh = fresh
        self.size = size
        self.made_at = time.monotonic()
        self.used = False


class _Maker:
    """A lock for those who want the same value, and how many they are."""

    __slots__ = ("lock", "wanted_by")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.wanted_by = 0


class Memo(Generic[Key, Value]):
    """Values by key, each good for a token of freshness.

    Parameters
    ----------
    name : what is kept, in ``/metrics``.
    most : entries held at most; None = any number.
    most_bytes : bytes held at most, by ``size_of``; None = any. The newest entry always stays.
    size_of : bytes a value takes.
    good_for_s : seconds after which a value is made again whatever its token says.

    Notes
    -----
    A look-up takes no lock: it reads one entry and marks it. Room is made by second chance (Corbató 1968): the entry
    longest in line goes, unless it was looked up since it last came to the front. ``hits`` and ``misses`` are counted
    without a lock too, so that two threads may now and then count as one.
    """

    def __init__(
        self,
        name: str,
        *,
        most: int | None = None,
        most_bytes: int | None = None,
        size_of: Callable[[Value], int] | None = None,
        good_for_s: float = math.inf,
    ) -> None:
        assert (most_bytes is None) == (size_of is None), "a bound in bytes needs sizes"
        self.name, self.most, self.most_bytes = name, most, most_bytes
        self.hits = self.misses = self.held_bytes = 0
        self._size_of = size_of
        self._good_for_s = good_for_s
        self._entries: OrderedDict[Key, _Entry[Value]] = OrderedDict()
        self._making: dict[Key, _Maker] = {}
        self._lock = threading.Lock()
        count_in(self)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: Key, fresh: object = None) -> Value | None:
        """Return the value of a key if it is at hand and good for a token; a value is never None."""
        entry = self._entries.get(key)
        if entry is None or not (entry.fresh is fresh or entry.fresh == fresh) or self._is_old(entry):
            self.misses += 1
            return None
        entry.used = True
        self.hits += 1
        return entry.value

    def peek(self, key: Key, fresh: object = None) -> Value | None:
        """Return the same without counting it as asked for."""
        entry = self._entries.get(key)
        if entry is None or not (entry.fresh is fresh or entry.fresh == fresh) or self._is_old(entry):
            return None
        return entry.value

    def get(self, key: Key, make: Callable[[], Value], fresh: object = None) -> Value:
        """Return the value of a key, made now unless it is at hand; who wants the same meanwhile waits for one maker.

        What ``make`` raises goes to its caller; the next one who wants the value tries again.
        """
        found = self.find(key, fresh)
        if found is not None:
            return found
        with self._alone(key):
            found = self.peek(key, fresh)  # another may have made it meanwhile
            if found is None:
                found = make()
                self.put(key, found, fresh)
            return found

    def put(self, key: Key, value: Value, fresh: object = None) -> None:
        """Keep a value in place of the one there was, and let others go where there is no room."""
        entry = _Entry(value, fresh, 0 if self._size_of is None else self._size_of(value))
        with self._lock:
            self._drop(key)
            self._entries[key] = entry
            self.held_bytes += entry.size
            self._make_room(entry)

    def drop(self, key: Key) -> None:
        """Forget a key."""
        with self._lock:
            self._drop(key)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self.held_bytes = 0

    def items(self) -> list[tuple[Key, Value]]:
        """Return what is held, whatever it is good for, those made longest ago about first."""
        with self._lock:
            return [(key, entry.value) for key, entry in self._entries.items()]

    def census(self) -> Census:
        """Return what is held and how often it was of use."""
        with self._lock:
            oldest = min((entry.made_at for entry in self._entries.values()), default=None)
        size = None if self._size_of is None else self.held_bytes
        age_s = None if oldest is None else time.monotonic() - oldest
        return Census(self.name, "memory", len(self), size, self.most_bytes, self.hits, self.misses, age_s)

    def _is_old(self, entry: _Entry[Value]) -> bool:
        return self._good_for_s != math.inf and time.monotonic() - entry.made_at >= self._good_for_s

    def _drop(self, key: Key) -> None:
        before = self._entries.pop(key, None)
        if before is not None:
            self.held_bytes -= before.size

    def _make_room(self, newest: _Entry[Value]) -> None:
        while len(self._entries) > 1 and self._is_full():
            key, entry = next(iter(self._entries.items()))
            if entry.used or entry is newest:
                entry.used = False
                self._entries.move_to_end(key)
            else:
                self._drop(key)

    def _is_full(self) -> bool:
        too_many = self.most is not None and len(self._entries) > self.most
        return too_many or (self.most_bytes is not None and self.held_bytes > self.most_bytes)

    @contextmanager
    def _alone(self, key: Key) -> Iterator[None]:
        """Hold the lock of a key against others who want it made."""
        with self._lock:
            maker = self._making.setdefault(key, _Maker())
            maker.wanted_by += 1
        try:
            with maker.lock:
                yield
        finally:
            with self._lock:
                maker.wanted_by -= 1
                if not maker.wanted_by:
                    del self._making[key]
