"""What is kept in memory: bounded, good for its token, made once for a crowd, and counted."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.cache.census import take_census
from layers.cache.memory import Memo


def never() -> str:
    raise AssertionError("made although it was kept")


def test_a_value_is_made_once_for_a_token_and_again_for_another() -> None:
    kept: Memo[str, str] = Memo("test")
    first = {"plots": 1}
    assert kept.get("a", lambda: "one", fresh=first) == "one"
    assert kept.get("a", never, fresh=first) == "one"
    assert kept.get("a", never, fresh={"plots": 1}) == "one"  # an equal token is the same one
    assert kept.get("a", lambda: "two", fresh={"plots": 2}) == "two"
    assert kept.find("a", fresh=first) is None


def test_what_fails_is_not_kept_and_the_next_one_tries() -> None:
    kept: Memo[str, str] = Memo("test")

    def fail() -> str:
        raise OSError("the database is away")

    with pytest.raises(OSError, match="away"):
        kept.get("a", fail)
    assert kept.get("a", lambda: "made") == "made"


def test_a_value_grows_old(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: Memo[str, str] = Memo("test", good_for_s=60.0)
    now = [1_000.0]
    monkeypatch.setattr("layers.cache.memory.time.monotonic", lambda: now[0])
    kept.get("key", lambda: "staff")
    now[0] += 59.9
    assert kept.get("key", never) == "staff"
    now[0] += 0.1
    assert kept.get("key", lambda: "revoked") == "revoked"


def test_a_crowd_that_wants_the_same_waits_for_one_maker_and_others_do_not() -> None:
    kept: Memo[str, str] = Memo("test")
    begun, may_end = threading.Event(), threading.Event()
    made: list[str] = []

    def slow() -> str:
        begun.set()
        assert may_end.wait(30)
        made.append("a")
        return "slow"

    with ThreadPoolExecutor(8) as crowd:
        answers = [crowd.submit(kept.get, "a", slow) for _ in range(7)]
        assert begun.wait(30)
        assert kept.get("b", lambda: "quick") == "quick"
        may_end.set()
        assert {answer.result(30) for answer in answers} == {"slow"}
    assert made == ["a"]


def test_those_not_looked_up_make_room_and_the_newest_stays_however_large() -> None:
    kept: Memo[str, bytes] = Memo("test", most_bytes=30, size_of=len)
    for key in "abc":
        kept.put(key, bytes(10))
    assert kept.find("a") is not None
    kept.put("d", bytes(10))
    assert [key in dict(kept.items()) for key in "abcd"] == [True, False, True, True]
    kept.put("huge", bytes(100))
    assert [key for key, _ in kept.items()] == ["huge"]
    assert kept.held_bytes == 100


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 12), st.booleans()), max_size=80), st.integers(1, 5))
def test_the_bounds_hold_whatever_is_put_and_looked_up(steps: list[tuple[int, int, bool]], most: int) -> None:
    kept: Memo[int, bytes] = Memo("test", most=most, most_bytes=20, size_of=len)
    for key, size, put in steps:
        if put:
            kept.put(key, bytes(size))
            assert kept.find(key) == bytes(size)
        else:
            kept.find(key)
        held = [len(value) for _, value in kept.items()]
        assert kept.held_bytes == sum(held)
        assert len(held) <= most
        assert sum(held) <= 20


def test_it_says_what_it_holds() -> None:
    kept: Memo[str, bytes] = Memo("of this test", most_bytes=1_000, size_of=len)
    other: Memo[str, bytes] = Memo("of this test", most_bytes=1_000, size_of=len)
    kept.get("a", lambda: bytes(7))
    kept.get("a", lambda: bytes(7))
    other.get("b", lambda: bytes(5))
    (found,) = [census for census in take_census() if census.name == "of this test"]
    assert (found.where, found.entries, found.size_bytes, found.most_bytes) == ("memory", 2, 12, 2_000)
    assert (found.hits, found.misses) == (1, 2)
    assert found.oldest_s is not None
    kept.clear()
    other.drop("b")
    (found,) = [census for census in take_census() if census.name == "of this test"]
    assert (found.entries, found.size_bytes, found.oldest_s) == (0, 0, None)
