"""Leaching is told where the water can go, and nowhere else: the promise on a region, in a world where it counts."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from geo.panel.scheme import load_scheme
from layers.catalogue.base import STAFF
from layers.postgres.engine import reading, writing
from layers.runs.score import score
from tests.worlds import valley
from tests.worlds.promises import bears_leaching, broken, leached, salty
from tests.worlds.salty_terrace import TERRACE, load_terrace
from tests.worlds.valley_in_database import RASHT


@pytest.fixture(scope="module")
def terrace(database: Engine) -> int:
    with writing() as connection:
        load_terrace(connection)
    return score(database, load_scheme(), districts=[RASHT], day=valley.AS_OF).run_id


def test_salty_land_is_leached_where_the_water_can_go_and_nowhere_else(terrace: int) -> None:
    with reading(STAFF) as connection:
        assert broken(connection, terrace) == {}
        assert set(salty(connection, terrace, 20)) == set(TERRACE)
        told = {name: leached(connection, name) for name in TERRACE}
        borne = {name: bears_leaching(connection, name) for name in TERRACE}
    assert told == {name: safe for name, (_, _, _, safe) in TERRACE.items()}
    assert borne == told
