"""Both recipes of CONTRIBUTING in a copy of the tree: what they write is all that has to be written.

In the copy a database is upgraded and asked, land is scored and served, and the gate's own checks are run; nothing
there is edited by hand.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

ROOT = Path(__file__).parents[3]
ELSEWHERE = {"node_modules"}  # beside what is hidden: what is installed, no part of the tree
RECIPES = (
    ("layer", "NAME=deep_wells", "GEOMETRY=POINT", "TITLE=Deep wells"),
    ("criterion", "NAME=ground_roughness", "GROUP=terrain", "LAYER=slope", "TITLE=Roughness", "KNOTS=2,5,8,16,25"),
    ("criterion", "NAME=deep_wells_m", "GROUP=access", "LAYER=deep_wells", "KNOTS=100,500,1000,2000,3000"),
)
WRITTEN = {
    "layers/catalogue/services.py",
    "layers/README.md",
    "geo/criteria/terrain.py",
    "geo/criteria/access.py",
    *(f"geo/schemes/{name}.toml" for name in ("default", "officials-panel", "womens-panel")),
    *(f"api/language/locale/{lang}/LC_MESSAGES/obod.po" for lang in ("tg", "ru")),
}
EXPECTED = "tests/expected/"  # follows from the declarations as well, by its own command
# Checks of the gate and tests that know every declaration.
CHECKS = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("layers.catalogue.readme", "--check"),
    ("tests.expected", "--check"),
    ("pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", "tests/test_architecture.py"),
    ("pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "tests/geo/panel/test_scheme.py", "-k", "shipped"),
    ("pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", "tests/geo/test_criteria.py", "-k", "roughness"),
)
SERVED = """
import json
from math import asinh, pi, radians, tan
from fastapi.testclient import TestClient
from mapbox_vector_tile import decode
from sqlalchemy import text
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT, load_valley
from api.main import create_app
from api.maps.colouring import colourings
from geo.panel.scheme import load_scheme
from layers.postgres.engine import engine, writing
from layers.runs.score import score
from layers.schema.migrate import migrate

migrate(engine())
with engine().begin() as connection:
    said = dict(connection.execute(text(
        "SELECT relname, obj_description(oid) FROM pg_class WHERE oid = 'public.deep_wells'::regclass"
    )).all())
    columns = dict(connection.execute(text(
        "SELECT a.attname, col_description(a.attrelid, a.attnum) FROM pg_attribute a "
        "WHERE a.attrelid = 'suitability'::regclass AND a.attname IN ('ground_roughness', 'deep_wells_m')"
    )).all())
with writing() as connection:
    load_valley(connection, second=False)
score(engine(), load_scheme(), day=valley.AS_OF)
with TestClient(create_app()) as client:
    listed = client.get(f"/districts/{RASHT}/plots", params={"min_ground_roughness": 0.0, "limit": 1000}).json()
    x_lon, y_lat = listed["features"][0]["geometry"]["coordinates"][0][0][0]
    n = 2 ** 15
    x, y = int((x_lon + 180) / 360 * n), int((1 - asinh(tan(radians(y_lat))) / pi) / 2 * n)
    tile = client.get(f"/tiles/plots/15/{x}/{y}.mvt", params={"attributes": "ground_roughness,deep_wells_m"})
    carried = [feature["properties"] for feature in decode(tile.content)["plots"]["features"]]
    layer = client.get("/tiles/deep_wells.json").status_code
print(json.dumps({
    "layer": said,
    "columns": columns,
    "listed": len(listed["features"]),
    "value": listed["features"][0]["properties"]["ground_roughness"],
    "carried": sorted({name for properties in carried for name in properties}),
    "legend": [entry.label for entry in colourings("en")["ground_roughness"].legend.entries],
    "wells": colourings("en")["deep_wells_m"].legend.title,
    "public": layer,
}))
"""


def run(copy: Path, *command: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(copy), str(copy / "tests")])
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)


def tree_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree in which both recipes were followed, through make."""
    folder = tmp_path_factory.mktemp("tree")
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy2(path, folder / path.name)
        elif path.name not in ELSEWHERE and not path.name.startswith("."):
            shutil.copytree(path, folder / path.name)
    before = tree_of(folder)
    for recipe in RECIPES:
        done = run(folder, "make", f"VENV={Path(sys.executable).parents[1]}", *recipe)
        assert done.returncode == 0, done.stdout + done.stderr
    after = tree_of(folder)
    new = {name for name in after if name not in before}
    changed = {name for name in before if after[name] != before[name]}
    assert {name for name in changed if not name.startswith(EXPECTED)} == WRITTEN
    assert f"{EXPECTED}openapi.json" in changed
    assert {name for name in new if not name.startswith("layers/schema/migrations/versions/")} == {
        f"{EXPECTED}sql/tables/deep_wells.sql",
        *(f"{EXPECTED}legends/{name}.json" for name in ("deep_wells", "ground_roughness", "deep_wells_m")),
    }
    return folder


def test_the_revision_has_a_number_and_a_name(copy: Path) -> None:
    newest = max((copy / "layers" / "schema" / "migrations" / "versions").glob("[0-9]*.py"))
    assert newest.name[4:] == "_deep_wells.py"
    assert newest.name[:4].isdigit()


@pytest.mark.parametrize("check", CHECKS, ids=" ".join)
def test_the_checks_that_know_every_declaration_find_nothing(copy: Path, check: tuple[str, ...]) -> None:
    done = run(copy, sys.executable, "-m", *check)
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]


def test_new_texts_stand_in_the_catalogues_and_wait_for_a_translator(copy: Path) -> None:
    for lang in ("tg", "ru"):
        catalogue = (copy / "api" / "language" / "locale" / lang / "LC_MESSAGES" / "obod.po").read_text("utf-8")
        for said in ("Deep wells", "Roughness", "Roughness: not good for the plot."):
            assert f'# unreviewed\nmsgid "{said}"\nmsgstr ""' in catalogue


def test_the_layer_is_in_the_database_and_the_criterion_in_list_tile_filter_and_legend(
    database: Engine, copy: Path
) -> None:
    done = run(copy, sys.executable, "-W", "ignore", "-c", SERVED)
    assert done.returncode == 0, done.stderr[-3_000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["layer"] == {"deep_wells": "Deep wells"}
    assert found["columns"] == {"ground_roughness": "Roughness [%]", "deep_wells_m": "Deep wells m [m]"}
    assert found["listed"] > 0
    assert found["value"] == pytest.approx(0.0, abs=0.01)  # the valley is level
    assert {"ground_roughness", "class", "plot_id"} <= set(found["carried"])
    assert len(found["legend"]) > 1
    assert found["wells"] == "Deep wells m"
    assert found["public"] == 404, "nobody but staff sees a new layer until its card says so"
    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM deep_wells")).scalar() == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("layer", "NAME=Deep Wells"), "NAME: expected small letters"),
        (("layer", "NAME=roads"), "NAME: roads is in layers/catalogue/services.py already"),
        (("layer", "NAME=xx", "GEOMETRY=BLOB"), "GEOMETRY: expected one of POINT"),
        (("layer", "NAME=xx", "FILE=nowhere"), "FILE: expected one of"),
        (("layer", "NAME=xx", "COLOUR=red"), "COLOUR: not known here"),
        (("criterion", "NAME=slope_pct", "GROUP=terrain", "LAYER=slope"), "there is a criterion slope_pct already"),
        (("criterion", "NAME=beauty", "GROUP=art", "LAYER=slope"), "GROUP: expected one of water"),
        (("criterion", "NAME=beauty", "GROUP=soil", "LAYER=moon"), "LAYER: expected one of"),
        (("criterion", "NAME=beauty", "GROUP=soil", "LAYER=slope", "KNOTS=1,2,2,3,4"), "KNOTS: expected five numbers"),
        (("criterion", "NAME=beauty", "GROUP=soil", "LAYER=slope", "KNOTS=a"), "KNOTS: expected five numbers"),
    ],
)
def test_what_cannot_be_begun_is_refused_in_one_sentence_and_writes_nothing(
    copy: Path, arguments: tuple[str, ...], said: str
) -> None:
    before = tree_of(copy)
    done = run(copy, sys.executable, "-m", "scripts.setup.declare", *arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr
    assert tree_of(copy) == before
