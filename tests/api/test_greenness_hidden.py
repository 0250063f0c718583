"""How green a single plot was is nobody's but staff's: a list of land not cultivated is a list for confiscation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.main import create_app
from layers.catalogue.base import PARTNER, STAFF
from layers.loading import load_frame
from layers.schema.access import create_key
from tests.worlds.three_districts import RASHT, Land

LAYER = "august_greenness"
INDEX, SEEN_ON = 0.7373, date(2019, 8, 23)  # of every plot that was green; nowhere else
WHERE = {
    "code": RASHT,
    "layer": LAYER,
    "name": LAYER,
    "z": 15,
    "x": 22789,
    "y": 12520,
    "part": "a",
    "plot_no": 1001,
}


@pytest.fixture(scope="module")
def planted(database: Engine, land: Land) -> dict[str, str]:
    """Every second plot of Rasht was green; keys by audience."""
    names = [row["plot_id"] for row in land.of(RASHT)]
    green = [place % 2 == 0 for place in range(len(names))]
    rows = pd.DataFrame(
        {
            "code": [f"plot-{name}-2019" for name in names],
            "land": names,
            "kind": "plots",
            "district": RASHT,
            "jamoat": None,
            "year": 2019,
            "seen": ["green" if one else "not_green" for one in green],
            "ndvi": [INDEX if one else 0.1111 for one in green],
            "seen_on": SEEN_ON,
            "clear_pct": 97,
            "days": 1,
        }
    )
    with database.begin() as connection:
        load_frame(connection, LAYER, rows)
        return {
            "public": "",
            "partner": create_key(connection, PARTNER, "partner"),
            "staff": create_key(connection, STAFF, "staff"),
        }


@pytest.fixture(scope="module")
def client(planted: dict[str, str]) -> Iterator[TestClient]:
    assert planted
    with TestClient(create_app()) as opened:
        yield opened


def headers(planted: dict[str, str], role: str) -> dict[str, str]:
    return {"X-API-Key": planted[role]} if planted[role] else {}


def addresses(client: TestClient, land: Land) -> list[str]:
    """Every address of the description, with the layer, the district and a plot of it put in."""
    where: dict[str, Any] = {**WHERE, "plot_id": land.of(RASHT)[0]["plot_id"]}
    told = client.get("/openapi.json").json()["paths"]
    return [path.format_map({**dict.fromkeys(_names(path), "x"), **where}) for path in told if "get" in told[path]]


def _names(path: str) -> list[str]:
    return [part.partition("}")[0] for part in path.split("{")[1:]]


@pytest.mark.parametrize("role", ["public", "partner"])
def test_no_answer_to_others_tells_of_it(client: TestClient, planted: dict[str, str], land: Land, role: str) -> None:
    found = {}
    for address in addresses(client, land):
        answer = client.get(address, headers=headers(planted, role))
        found[address] = answer.status_code
        for planted_text in (str(INDEX), SEEN_ON.isoformat(), "0.1111", "plot-" + land.of(RASHT)[0]["plot_id"]):
            assert planted_text.encode() not in answer.content, address
    assert found[f"/layers/{LAYER}/columns"] == found[f"/legend/{LAYER}"] == found[f"/tiles/{LAYER}.json"] == 404
    assert LAYER not in client.get("/layers", headers=headers(planted, role)).text


@pytest.mark.parametrize("role", ["public", "partner", "staff"])
@pytest.mark.parametrize(
    "asked",
    ["seen=green", "ndvi=0.5", "min_ndvi=0.5", "sortby=ndvi", "sortby=-seen", "filter=seen='not_green'", "columns=ndvi",
     "filter=ndvi<0.2", "green_augusts=0", "clear_pct=97"],
)  # fmt: skip
def test_plots_are_neither_narrowed_nor_ordered_nor_coloured_by_it(
    client: TestClient, planted: dict[str, str], role: str, asked: str
) -> None:
    surfaces = ("plots", "list", "report", "matches")
    for surface in surfaces:
        answer = client.get(f"/districts/{RASHT}/{surface}?{asked}", headers=headers(planted, role))
        assert answer.status_code in (400, 422), (surface, asked)
    assert client.get(f"/tiles/plots/15/22789/12520.mvt?{asked}").status_code in (400, 404, 422)


def test_no_role_of_the_database_but_staff_reads_it(database: Engine, planted: dict[str, str]) -> None:
    assert planted
    asked = text(
        "SELECT r.rolname FROM pg_roles r WHERE NOT r.rolsuper AND r.rolname LIKE 'obod%' "
        f"AND has_table_privilege(r.oid, '{LAYER}', 'SELECT')"
    )
    with database.connect() as connection:
        readers = set(connection.execute(asked).scalars())
        holding = (
            "SELECT table_schema, table_name FROM information_schema.columns WHERE column_name IN ('ndvi', 'seen_on')"
        )
        views = connection.execute(text(holding)).all()
        assert not readers & {"obod_public", "obod_partner", "obod_science", "obod_public_views", "obod_partner_views"}
        for schema, name in views:
            for role in ("obod_public_views", "obod_partner_views"):
                allowed = text(
                    "SELECT has_schema_privilege(:role, CAST(:schema AS text), 'USAGE') AND has_table_privilege("
                    ":role, format('%I.%I', CAST(:schema AS text), CAST(:name AS text)), 'SELECT')"
                )
                told = connection.execute(allowed, {"role": role, "schema": schema, "name": name})
                assert told.scalar_one() is not True, (schema, name, role)


def test_what_everybody_is_told_has_no_plot_no_count_and_no_cadastral_number(client: TestClient) -> None:
    columns = {one["name"] for one in client.get("/layers/water_seen/columns").json()["columns"]}
    assert not columns & {"land", "plot_id", "plots", "cadastral_no", "ndvi", "seen"}
    assert {"level", "green_pct", "augusts_known", "augusts_green"} <= columns
