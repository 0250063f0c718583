"""The rules of CONTRIBUTING that a tool can hold."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

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
        assert set(criterion.needs) <= mapped, criterion.id


@pytest.mark.parametrize("package", PACKAGES)
def test_files_are_short_enough_to_read(package: str) -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in (ROOT / package).rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_what_it_is(package: str) -> None:
    modules = [path for path in (ROOT / package).rglob("*.py") if path.stat().st_size > 0]
    assert [path.name for path in modules if not ast.get_docstring(ast.parse(path.read_text()))] == []


def _values(attributes: dict[str, About], name: str | None) -> tuple[str, ...]:
    return attributes[name].values if name is not None else ()


def _descendants(layer: type[Layer]) -> set[type[Layer]]:
    return {found for child in layer.__subclasses__() for found in ({child} | _descendants(child))}


@pytest.mark.parametrize("name", ["constraints.txt", "package.json", "package-lock.json", ".npmrc"])
def test_pins_name_no_host(name: str) -> None:
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")
