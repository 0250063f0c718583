"""Work in the background: each piece once, in order, and none of it after the end."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.main import create_app
from layers.cache.background import BACKGROUND, Background
from layers.postgres.engine import reading, reading_engine

ROUNDS = 200_000  # of a digest: long enough for whoever does not wait to be found out


@pytest.fixture
def background() -> Iterator[Background]:
    """Give a thread of the test's own."""
    made = Background("a test")
    yield made
    made.end()


def asked(background: Background, key: str, work: Callable[[], object] | None, done: list[str]) -> threading.Event:
    """Ask for a piece that, once the event is set, works and notes its name; return the event after it has begun."""
    begun, go = threading.Event(), threading.Event()

    def piece() -> None:
        begun.set()
        go.wait()
        hashlib.pbkdf2_hmac("sha256", b"", b"", ROUNDS)
        if work is not None:
            work()
        done.append(key)

    background.ask(key, piece)
    begun.wait()
    return go


def test_pieces_are_done_in_order_and_once(background: Background) -> None:
    done: list[str] = []
    last = threading.Event()
    go = asked(background, "first", None, done)
    for key in ("second", "first", "second", "third"):
        background.ask(key, partial(done.append, key))
    background.ask("last", last.set)
    go.set()
    last.wait()
    assert done == ["first", "second", "third"]


def test_the_end_waits_for_what_is_being_done_and_forgets_the_rest(background: Background) -> None:
    done: list[str] = []
    go = asked(background, "first", lambda: background.ask("third", lambda: done.append("third")), done)
    background.ask("second", lambda: done.append("second"))
    go.set()
    background.end()
    assert done[0] == "first"
    there = list(done)
    last = threading.Event()
    background.ask("last", last.set)
    last.wait()
    assert done == there, "what was asked for before the end is not begun after it"


def test_what_was_forgotten_can_be_asked_for_again(background: Background) -> None:
    done: list[str] = []
    go = asked(background, "first", None, done)
    background.ask("second", lambda: done.append("early"))
    threading.Thread(target=go.set).start()
    background.end()
    again = threading.Event()
    background.ask("second", again.set)
    again.wait()
    background.end()  # it is at rest: nothing to wait for


def test_what_fails_is_told_and_not_tried_again(background: Background, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise OSError("no room")

    tried: list[str] = []
    last = threading.Event()
    background.ask("one", fail)
    background.ask("last", last.set)
    last.wait()
    background.ask("one", lambda: tried.append("one"))
    background.end()
    assert "one cannot be made: no room" in caplog.text
    assert tried == []


@pytest.mark.usefixtures("database")
def test_a_service_that_has_ended_asks_the_database_no_more() -> None:
    done: list[str] = []

    def ask() -> None:
        with reading() as connection:
            connection.execute(text("SELECT 1"))

    with TestClient(create_app()):
        asked(BACKGROUND, "the piece of a test", ask, done).set()
    assert done == ["the piece of a test"]
    pool: Any = reading_engine().pool
    assert pool.checkedout() == 0
