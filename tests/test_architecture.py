"""The rules of CONTRIBUTING that a tool can hold."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from bench import peers
from geo.criteria import LAND_CRITERIA
from layers.catalogue import BY_NAME, LAYERS, RASTERS, TABLES, RasterLayer
from layers.catalogue.base import About, Base, Card, Layer

ROOT = Path(__file__).parents[1]
PACKAGES = ("geo", "layers", "api", "scripts")
LONGEST_FILE = 400  # lines; more than that is not read in one sitting


def test_imports_run_from_command_line_to_science_only() -> None:
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], capture_output=True, text=True, cwd=ROOT
    )
    assert result.returncode == 0, result.stdout


def test_every_layer_is_in_the_catalogue_once() -> None:
    listed = Counter((*LAYERS, *TABLES))
    assert set(listed.values()) == {1}
    assert set(listed) == {layer for layer in _descendants(Layer) if layer.__module__.startswith("layers.")}
    assert len(BY_NAME) == len(listed)


def test_names_are_given_once() -> None:
    names = [*BY_NAME, *(raster.id for raster in RASTERS)]
    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_nobody_publishes_a_layer_by_forgetting() -> None:
    for declaration in (Card, RasterLayer):
        audience = next(field for field in fields(declaration) if field.name == "audience")
        assert audience.default is MISSING
        assert audience.default_factory is MISSING


@pytest.mark.parametrize("layer", BY_NAME.values(), ids=BY_NAME)
def test_a_layer_declares_what_everything_else_is_computed_from(layer: type[Layer]) -> None:
    attributes = layer.attributes()
    assert layer.__doc__
    assert layer.card.title
    assert layer.card.about
    assert layer.card.legend
    assert layer.key in attributes
    undeclared = set(layer.__table__.columns.keys()) - attributes.keys()
    assert undeclared <= {"gid", "load_id", "ended_by", "row_hash", "geom", "tile_geom"}
    for name, about in attributes.items():
        assert about.title, name
        if about.minimum is not None and about.maximum is not None:
            assert about.minimum < about.maximum, name
    drawn_by = layer.card.drawn_by
    if drawn_by in attributes and (values := _values(attributes, drawn_by)):
        assert set(layer.card.legend) - {""} <= set(values)


def test_criteria_are_columns_of_results() -> None:
    columns = Base.metadata.tables["suitability"].columns
    assert [c.id for c in LAND_CRITERIA if c.id not in columns] == []


def test_criteria_need_only_what_is_mapped() -> None:
    mapped = {*BY_NAME, *(raster.id for raster in RASTERS)}
    for criterion in LAND_CRITERIA:
        assert set(criterion.layers) <= mapped, criterion.id


@pytest.mark.parametrize("package", PACKAGES)
def test_files_are_short_enough_to_read(package: str) -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in (ROOT / package).rglob("*.py")}
    too_long = {name: length for name, length in lengths.items() if length > LONGEST_FILE}
    assert too_long == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_what_it_is(package: str) -> None:
    modules = [path for path in (ROOT / package).rglob("*.py") if path.stat().st_size > 0]
    assert [path.name for path in modules if not ast.get_docstring(ast.parse(path.read_text()))] == []


@pytest.mark.parametrize("package", ["layers", "api", "scripts"])
def test_what_is_kept_and_written_whole_is_so_in_one_room(package: str) -> None:
    # A password is handed to initdb by a file of its own, which is never a file of that name.
    # What an address has been given is an account, not an answer that can be made again.
    own_ways = {"OrderedDict": {"rates.py"}, "os.replace": set[str](), "mkstemp": {"creation.py"}}
    found = {
        (word, path.name)
        for path in (ROOT / package).rglob("*.py")
        if not path.is_relative_to(ROOT / "layers" / "cache")
        for word, allowed in own_ways.items()
        if word in path.read_text() and path.name not in allowed
    }
    assert found == set()


def _values(attributes: dict[str, About], name: str | None) -> tuple[str, ...]:
    return attributes[name].values if name is not None else ()


def _descendants(layer: type[Layer]) -> set[type[Layer]]:
    return {found for child in layer.__subclasses__() for found in ({child} | _descendants(child))}


@pytest.mark.parametrize("name", ["constraints.txt", "package.json", "package-lock.json", ".npmrc"])
def test_pins_name_no_host(name: str) -> None:
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")


DISTRIBUTION = {  # of a module that is not named as what is installed
    "PIL": "pillow",
    "mapbox_vector_tile": "mapbox-vector-tile",
    "prometheus_client": "prometheus-client",
    "pydantic_settings": "pydantic-settings",
    "pytest_benchmark": "pytest-benchmark",
    "skimage": "scikit-image",
    "tomli_w": "tomli-w",
}


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=]", requirement)[0] for requirement in requirements}


def _imported(packages: tuple[str, ...]) -> set[str]:
    found = set()
    for package in packages:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.add(node.module.split(".")[0])
    own = {*PACKAGES, "bench", "tests"}
    return {DISTRIBUTION.get(name, name) for name in found - own - set(sys.stdlib_module_names)}


def test_what_the_packages_import_is_what_is_installed_for_them() -> None:
    through_others = {"cryptography"}  # distributed makes certificates with it
    assert _imported(PACKAGES) | through_others == _names(_project()["dependencies"])


def test_what_tests_import_is_installed() -> None:
    wanted = {*_project()["dependencies"], *_project()["optional-dependencies"]["dev"]}
    in_their_own = {"pywr"}  # a program of the bench that runs by the interpreter of the peer's environment
    assert in_their_own <= set(peers.PACKAGES)
    assert _imported(("tests", "bench")) - in_their_own <= _names([*wanted])


def test_why_each_dependency_is_there_is_told() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = page.partition("## Dependencies, and why each is there")[2].partition("\n\nTerrain")[0]
    rows = [
        row.split("|")[1:-1] for row in table.splitlines() if row.startswith("| ") and not row.startswith("| package")
    ]
    told = [name.strip() for names, _ in rows for name in names.split(",")]
    assert [name for name, times in Counter(told).items() if times > 1] == []
    project = _project()
    assert set(told) == _names([*project["dependencies"], *project["optional-dependencies"]["dev"]])
    assert all(why.strip() for _, why in rows)


def test_the_version_is_the_newest_of_the_changelog_and_of_the_front_end() -> None:
    released = re.findall(
        r"^## (\d+\.\d+\.\d+) – (\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M
    )
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    assert {released[0][0], package["version"], lock["version"], lock["packages"][""]["version"]} == {
        _project()["version"]
    }
    assert released == sorted(released, key=lambda entry: [int(part) for part in entry[0].split(".")], reverse=True)
    assert [date for _, date in released] == sorted((date for _, date in released), reverse=True)
