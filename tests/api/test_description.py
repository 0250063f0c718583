"""The description of the API is true: cases made from it are answered as it says, to the public and to staff.

Half of the values of names are ones that there are, so that cases reach the work behind a route. Where parameters
exclude each other (a page and a file, a district and tiles of canals), what each of them takes alone may be refused;
and plots of this land, whose run was written by hand, can be neither explained nor tried by other weights.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import Engine

from layers.catalogue.base import STAFF
from layers.schema.access import create_key
from tests.clients.browser import served
from tests.clients.described import Drilled, drill
from tests.drills.figures import Note
from tests.worlds.three_districts import COUNTS, NUROBOD, RASHT, Land

SEED: Final = 20261128
OPERATIONS: Final = 56
FEW, MANY = 8, 250  # random cases of each operation; edge cases of every parameter come on top
ACCEPTED: Final = ["2xx", "3xx", "401", "403", "404"]
THERE_ARE: Final = {
    "path.code": [*COUNTS, "TJ.XX.XX"],
    "path.layer": ["plots", "canals", "dem", "slope", "soil_points", "hazard_zones", "walk_minutes", "nothing"],
    "path.name": ["plots", "canals", "slope", "soil_points", "nothing"],
    "path.plot_id": ["TJ-RR-GA-00015", "TJ-RR-DA-00210", "TJ-KL-KA-00221", "7"],
    "path.z": [0, 8, 13, 15, 16, 17],
    "path.x": [0, 1, 22789, 22788, 45578],
    "path.y": [0, 1, 12520, 12521, 25040],
    "query.plot_no": [1015, 1, 999999],
    "query.district": [RASHT, NUROBOD, "nope"],
    "query.with_district": [RASHT, NUROBOD, "nope"],
    "query.with_run": ["", "1", "2", "3"],
    "query.jamoat": ["J1", "=J3", "nope"],
    "query.scheme": ["default", "other", "nope"],
    "query.run": [1, 2, 3],
    "query.profile": ["", "woman_alone"],
    "query.after": ["WyIrY2xhc3MsLXNjb3JlIiwxLDg4LjgsMTAxNV0"],
    "query.sortby": ["score", "-score,plot_id", "class", "nope"],
    "query.filter": [
        "class = 'S1'",
        "score > 50 AND slope_pct IS NULL",
        "class = 's9'",
        "S_INTERSECTS(geom,POINT(0 0))",
    ],
    "query.attributes": ["slope_pct", "score,crops", "nope"],
    "query.colour": ["class", "score", "slope_pct", "nope"],
    "query.at": ["12/39.02/70.37", "0/0/0"],
    "query.plot": ["TJ-RR-GA-00015", "nope"],
    "query.q": ["rasht", "Ғарм", "%"],
    "query.bbox": ["70,39,71,40", "0,0,0,0"],
}


def statuses(*path: str, further: str) -> dict[str, Any]:
    """A setting of schemathesis: what a request that the description allows may be answered with, beside success."""
    checks = {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, *further.split()]}}
    return {"include-path": list(path), "checks": checks}


SETTINGS: Final[dict[str, Any]] = {
    "dictionaries": {name: {"values": values} for name, values in THERE_ARE.items()},
    "parameters": {name: {"dictionary": name, "probability": 0.5} for name in THERE_ARE},
    "operations": [
        statuses(
            "/",
            "/districts/{code}/plots",
            "/districts/{code}/list",
            "/districts/{code}/matches",
            "/districts/{code}/report",
            "/tiles/{layer}/{z}/{x}/{y}.mvt",
            "/maps/{name}",
            "/water",
            "/water/balance",
            further="400",
        ),
        statuses("/jobs", further="400 429"),
        statuses(
            "/plots/{plot_id}/why",
            "/plots/{plot_id}/report",
            "/plots/{plot_id}/explanation",
            "/plots/{plot_id}/way",
            further="422",
        ),
        statuses(
            "/districts/{code}/trial",
            "/scenarios",
            "/scenarios/{name}/runs",
            "/scenarios/{name}/publication",
            "/works/rankings",
            "/plots/{plot_id}/remarks",
            "/schemes",
            "/schemes/new",
            further="400 422",
        ),
    ],
}


def drilled(database: Engine, *, audience: str, examples: int) -> Drilled:
    """Drill a service of its own as the public or as staff."""
    headers = {}
    if audience == "staff":
        with database.begin() as connection:
            expires = datetime.now(UTC) + timedelta(days=1)
            headers["X-API-Key"] = create_key(connection, STAFF, "drill", expires_at=expires)
    with served() as address:
        return drill(address, examples=examples, seed=SEED, headers=headers, settings=SETTINGS)


@pytest.mark.parametrize("audience", ["public", "staff"])
def test_a_few_cases_of_every_operation(land: Land, database: Engine, audience: str) -> None:
    assert land.rows
    found = drilled(database, audience=audience, examples=FEW)
    assert found.failures == []
    assert len(found.cases) == OPERATIONS


@pytest.mark.heavy
def test_five_thousand_cases(land: Land, database: Engine, figure: Note) -> None:
    assert land.rows
    cases = 0
    for audience in ("public", "staff"):
        found = drilled(database, audience=audience, examples=MANY)
        assert found.failures == []
        assert len(found.cases) == OPERATIONS
        cases += sum(found.cases.values())
    assert cases >= 5_000, f"{cases} cases with seed {SEED}"
    figure(
        "cases made from the description",
        f"{cases:,} cases of {OPERATIONS} operations, good and bad, to the public and to staff, all checks of "
        "schemathesis: 0 failures",
        SEED,
    )
