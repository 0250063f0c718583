"""Keys as a data-protection officer handles them: shown once, limited, listed, replaced, ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from layers.catalogue.base import PARTNER
from layers.errors import NotAllowed
from layers.postgres.engine import writing
from layers.schema.access import holder_of
from tests.clients import command
from tests.clients.command import Said
from tests.worlds.three_districts import NUROBOD, Land

Obod = Callable[..., Said]


@pytest.fixture
def obod(land: Land, capsys: pytest.CaptureFixture[str]) -> Obod:
    """Give a function that runs ``obod key`` with the given words in this process."""
    assert land.rows

    def run(*words: str) -> Said:
        return Said(command.run("key", *words), *capsys.readouterr())

    return run


def test_a_key_is_shown_once_and_never_listed(obod: Obod) -> None:
    day = datetime.now(UTC).date() + timedelta(days=30)
    made = obod("create", "--for", "partner", "--district", NUROBOD, "--expires", str(day), "--note", "an NGO")
    key = made.out.strip()
    with writing() as connection:
        holder = holder_of(connection, key)
    assert (holder.audience, holder.districts, holder.label) == (PARTNER, (NUROBOD,), "an NGO")
    assert holder.expires_at == datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
    assert "only time" in made.err
    secret = key.rpartition("_")[2]
    for listed in (obod("list"), obod("list", "--json")):
        assert holder.key_id in listed.out
        assert secret not in listed.out
    kept = next(kept for kept in json.loads(obod("list", "--json").out) if kept["key_id"] == holder.key_id)
    assert (kept["state"], kept["last_used_at"], kept["label"]) == ("good", None, "an NGO")


def test_a_key_is_replaced_and_ended(obod: Obod) -> None:
    former = json.loads(obod("create", "--for", "staff", "--json").out)
    new = json.loads(obod("rotate", former["key_id"], "--json").out)
    with writing() as connection, pytest.raises(NotAllowed):
        holder_of(connection, former["key"])
    assert obod("revoke", new["key_id"]).code == 0
    with writing() as connection, pytest.raises(NotAllowed):
        holder_of(connection, new["key"])
    for verb in ("revoke", "rotate"):
        again = obod(verb, new["key_id"])
        assert (again.code, again.out, again.err) == (1, "", "There is no such key in use.\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--for", "public"), "A key is for partner or staff, not for 'public'.\n"),
        (("--for", "staff", "--district", "nope"), "There is no outline of a district nope.\n"),
        (("--for", "staff", "--expires", "2020-01-01"), "A key expires in the future; name a later day.\n"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(obod: Obod, words: tuple[str, ...], said: str) -> None:
    before = obod("list", "--json").out
    refused = obod("create", *words)
    assert (refused.code, refused.out, refused.err) == (1, "", said)
    assert obod("list", "--json").out == before


def test_the_staff_key_is_shown_on_a_terminal_only(obod: Obod, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = obod("show-demo")
    assert (refused.code, refused.out, "obod_" in refused.err) == (1, "", False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert obod("show-demo").out.startswith("obod_")
