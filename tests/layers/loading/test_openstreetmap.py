"""Extracts of OpenStreetMap load like any file; one that is cut short is refused, never read in part."""

from __future__ import annotations

import random
from pathlib import Path

import osmium
import pytest

from layers.errors import DataRefused
from layers.loading.reading import open_source
from tests.worlds.open_data import extract


def test_points_lines_and_areas_are_tables_with_the_tags_as_columns(tmp_path: Path) -> None:
    path = tmp_path / "small.osm.pbf"
    extract(path)
    held = {}
    for table in ("points", "lines", "multipolygons"):
        source = open_source(path, table=table)
        assert source.spatial
        (chunk,) = source.chunks()
        held[table] = chunk
    points = held["points"].frame.set_index("osm_id")
    assert list(points.loc["1", ["name_tg", "name_ru", "place"]]) == ["Ҷафр", "Джафр", "village"]
    lines = held["lines"].frame.set_index("osm_id")
    assert list(lines.loc["20", ["highway", "surface"]]) == ["secondary", "asphalt"]
    assert lines.loc["22", "bridge"] == "yes"
    (lake,) = [shape for shape in held["multipolygons"].shapes.objects() if shape.area > 0]
    assert (len(lake.geoms), len(lake.geoms[0].interiors)) == (1, 1)
    whole, hole = 0.05 * 0.05, 0.001 * 0.001  # degrees squared
    assert lake.area == pytest.approx(whole - hole)


def test_an_extract_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    chance = random.Random(1)
    whole, cut = tmp_path / "whole.osm.pbf", tmp_path / "cut.osm.pbf"
    with osmium.SimpleWriter(str(whole)) as writer:
        for number in range(1, 40_001):
            place = (67 + 8 * chance.random(), 36.5 + 4 * chance.random())
            writer.add_node(osmium.osm.mutable.Node(id=number, version=1, location=place, tags={"place": "hamlet"}))
    source = open_source(whole, table="points")
    assert sum(len(chunk.frame) for chunk in source.chunks()) == 40_000
    content = whole.read_bytes()
    cut.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataRefused, match=r"cut\.osm\.pbf cannot be opened: it is cut short or damaged\."):
        list(open_source(cut, table="points").chunks())
    other = tmp_path / "other.osm.pbf"
    other.write_bytes(b"PAR1" + content)
    with pytest.raises(DataRefused, match="that of a PBF extract of OpenStreetMap"):
        open_source(other, table="points")
    with pytest.raises(DataRefused, match="has no table roads; it has points, lines"):
        open_source(whole, table="roads")
