"""A run that was never published is for staff: everybody else is told that there is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete, insert, select, text

from api.main import create_app
from layers.catalogue.base import PARTNER, STAFF
from layers.records.runs import Publication
from layers.runs.score import publish_run
from layers.schema.access import create_key
from tests.worlds.three_districts import NUROBOD, OTHER, RASHT, Land

COPY = text(
    "INSERT INTO scoring_runs (base_run, scheme, scheme_text, scheme_sha256, scenario, districts, status, as_of, "
    "as_of_load, layer_versions, criteria, code_version, rule, finished_at) SELECT run_id, scheme, scheme_text, "
    "scheme_sha256, scenario, districts, status, as_of, as_of_load, layer_versions, criteria, code_version, rule, "
    "now() FROM scoring_runs WHERE run_id = :run RETURNING run_id"
)
OPEN = (200, 422)  # the schemes of this world are names without a text, so that nothing can be explained by them
TILE = "/tiles/plots/15/22789/12520.mvt"


@pytest.fixture
def draft(database: Engine, land: Land) -> Iterator[int]:
    """A finished run with the results of the other scheme that nobody has published."""
    with database.begin() as connection:
        run: int = connection.execute(COPY, {"run": land.runs[OTHER]}).scalar_one()
        before = [dict(row) for row in connection.execute(select(Publication.__table__)).mappings()]
    yield run
    with database.begin() as connection:
        connection.execute(delete(Publication))
        connection.execute(insert(Publication), before)
        connection.execute(text("DELETE FROM scoring_runs WHERE run_id = :run"), {"run": run})


@pytest.fixture
def staff_key(database: Engine) -> str:
    with database.begin() as connection:
        return create_key(connection, STAFF, "drafts")


def surfaces(land: Land, run: int) -> list[str]:
    plot = land.of(RASHT)[0]["plot_id"]
    lists = [f"/districts/{RASHT}/plots?run={run}{more}" for more in ("", "&limit=all", "&f=csv", "&scheme=other")]
    one = [f"/plots/{plot}?run={run}", f"/plots/{plot}/explanation?run={run}"]
    return [*lists, *one, f"{TILE}?run={run}", f"/tiles/plots/9/0/0.mvt?run={run}"]


def test_a_draft_is_told_to_staff_and_to_nobody_else(draft: int, land: Land, database: Engine, staff_key: str) -> None:
    with database.begin() as connection:
        partner = create_key(connection, PARTNER, "drafts")
        elsewhere = create_key(connection, STAFF, "drafts of one district", [NUROBOD])
    with TestClient(create_app()) as client:
        for address in surfaces(land, draft):
            assert client.get(address, headers={"X-API-Key": staff_key}).status_code in OPEN, address
            missing = client.get(address.replace(f"run={draft}", "run=999999"))
            for headers in ({}, {"X-API-Key": partner}, {"X-API-Key": elsewhere}):
                refused = client.get(address, headers=headers)
                assert refused.status_code == missing.status_code == 404, address
                assert refused.json()["detail"].replace(str(draft), "999999") == missing.json()["detail"]


def test_a_tile_of_a_draft_is_kept_for_staff_alone(draft: int, land: Land, staff_key: str) -> None:  # noqa: ARG001
    with TestClient(create_app()) as client:
        headers = client.get(f"{TILE}?run={draft}", headers={"X-API-Key": staff_key}).headers
        assert headers["cache-control"].startswith("private")
        assert client.get(f"{TILE}?run={draft}").status_code == 404


def test_a_run_that_was_published_once_stays_open(draft: int, land: Land, database: Engine) -> None:
    with database.begin() as connection:
        before = [dict(row) for row in connection.execute(select(Publication.__table__)).mappings()]
        publish_run(connection, draft)
        connection.execute(delete(Publication))  # another takes its place
        connection.execute(insert(Publication), before)
    with TestClient(create_app()) as client:
        for address in surfaces(land, draft):
            assert client.get(address).status_code in OPEN, address
