"""A project of QGIS and QField as XML: layers of one GeoPackage with their styles, and forms that ask by value maps.

Written without QGIS; version 3.22 and later read it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree as ET

import pyproj

from layers.catalogue.qgis_style import VERSION

STORED, SHOWN = "EPSG:4326", "EPSG:32642"
GEOMETRIES: Final = {"POINT": "Point", "MULTILINESTRING": "Line", "MULTIPOLYGON": "Polygon"}
RENDERER: Final = re.compile(r"<renderer-v2.*</renderer-v2>", re.DOTALL)
HARD: Final = "1"  # strength of a constraint that does not let a wrong answer through; 2 only warns
NOT_NULL, EXPRESSION = 1, 4  # bits of what is constrained


@dataclass(frozen=True, slots=True)
class FieldOfForm:
    """One field of a layer as its form in QGIS asks it.

    choices : code -> label; empty where it is no closed list. condition : expression an answer has to meet, with what
    is said where it does not. hidden : it is not asked. given : expression of what a new row has in it.
    """

    name: str
    alias: str
    choices: Mapping[str, str] = field(default_factory=dict)
    is_day: bool = False
    required: bool = False
    condition: str = ""
    message: str = ""
    hidden: bool = False
    given: str = ""


@dataclass(frozen=True, slots=True)
class LayerOfProject:
    """One layer of a project: its table in the GeoPackage, style as QML, and fields. edited : people may change it."""

    table: str
    title: str
    geometry_kind: str
    style: str
    fields: Sequence[FieldOfForm]
    edited: bool

    @property
    def id(self) -> str:
        """What the layer is called inside the project; QGIS gives one of its own to ids below eleven letters."""
        return f"obod_layer_{self.table}"


def project_xml(title: str, package: str, layers: Sequence[LayerOfProject], bounds: Sequence[float]) -> bytes:
    """Return a project (.qgs).

    Parameters
    ----------
    package : file name of the GeoPackage beside it. layers : the first lies below. bounds : of the map at first, west,
        south, east, north in EPSG:32642, metres.
    """
    root = ET.Element("qgis", projectname=title, version=VERSION)
    _text(root, "title", title)
    _crs(ET.SubElement(root, "projectCrs"), SHOWN)
    tree = ET.SubElement(root, "layer-tree-group")
    held = ET.Element("projectlayers")
    for layer in reversed(layers):  # the first of the tree lies on top
        source = f"./{package}|layername={layer.table}"
        ET.SubElement(
            tree,
            "layer-tree-layer",
            {
                **{"id": layer.id, "name": layer.title, "source": source, "providerKey": "ogr"},
                **{"checked": "Qt::Checked", "expanded": "0"},
            },
        )
    for layer in layers:
        held.append(_layer(layer, f"./{package}|layername={layer.table}"))
    canvas = ET.SubElement(root, "mapcanvas", name="theMapCanvas")
    _text(canvas, "units", "meters")
    extent = ET.SubElement(canvas, "extent")
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), bounds, strict=True):
        _text(extent, name, f"{value:.1f}")
    _crs(ET.SubElement(canvas, "destinationsrs"), SHOWN)
    root.append(held)
    systems = ET.SubElement(ET.SubElement(root, "properties"), "SpatialRefSys")
    _text(systems, "ProjectionsEnabled", "1").set("type", "int")
    head = b"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    body: bytes = ET.tostring(root, encoding="utf-8")
    return head + body


def _layer(layer: LayerOfProject, source: str) -> ET.Element:
    made = ET.Element("maplayer", type="vector", geometry=GEOMETRIES[layer.geometry_kind], readOnly="0")
    if not layer.edited:
        made.set("readOnly", "1")
    _text(made, "id", layer.id)
    _text(made, "datasource", source)
    _text(made, "layername", layer.title)
    _crs(ET.SubElement(made, "srs"), STORED)
    _text(made, "provider", "ogr").set("encoding", "UTF-8")
    flags = ET.SubElement(made, "flags")
    for name, value in (("Identifiable", "1"), ("Removable", "1"), ("Searchable", "1")):
        _text(flags, name, value)
    if found := RENDERER.search(layer.style):
        made.append(ET.fromstring(found.group()))  # noqa: S314 - our own style
    parts = {
        name: ET.SubElement(made, name)
        for name in ("fieldConfiguration", "aliases", "defaults", "constraints", "constraintExpressions", "editable")
    }
    for index, asked in enumerate(layer.fields):
        _field(parts, asked, index, edited=layer.edited)
    return made


def _field(parts: Mapping[str, ET.Element], asked: FieldOfForm, index: int, *, edited: bool) -> None:
    own = ET.SubElement(parts["fieldConfiguration"], "field", name=asked.name, configurationFlags="None")
    kind = "Hidden" if asked.hidden else "ValueMap" if asked.choices else "DateTime" if asked.is_day else "TextEdit"
    widget = ET.SubElement(own, "editWidget", type=kind)
    options = ET.SubElement(ET.SubElement(widget, "config"), "Option", type="Map")
    if kind == "ValueMap":
        listed = ET.SubElement(options, "Option", name="map", type="List")
        for code, label in asked.choices.items():
            one = ET.SubElement(listed, "Option", type="Map")
            ET.SubElement(one, "Option", name=label, type="QString", value=code)
    ET.SubElement(parts["aliases"], "alias", field=asked.name, name=asked.alias, index=str(index))
    ET.SubElement(parts["defaults"], "default", field=asked.name, expression=asked.given, applyOnUpdate="0")
    bits = NOT_NULL * asked.required + EXPRESSION * bool(asked.condition)
    ET.SubElement(
        parts["constraints"],
        "constraint",
        {
            **{"field": asked.name, "constraints": str(bits), "unique_strength": "0"},
            "notnull_strength": HARD if asked.required else "0",
            "exp_strength": HARD if asked.condition else "0",
        },
    )
    ET.SubElement(
        parts["constraintExpressions"], "constraint", field=asked.name, exp=asked.condition, desc=asked.message
    )
    ET.SubElement(parts["editable"], "field", name=asked.name, editable="1" if edited and not asked.hidden else "0")


def _crs(parent: ET.Element, code: str) -> None:
    known = pyproj.CRS.from_user_input(code)
    system = ET.SubElement(parent, "spatialrefsys")
    _text(system, "wkt", known.to_wkt())
    _text(system, "srid", code.rpartition(":")[2])
    _text(system, "authid", code)
    _text(system, "description", known.name)
    _text(system, "geographicflag", "true" if known.is_geographic else "false")


def _text(parent: ET.Element, name: str, text: str) -> ET.Element:
    made = ET.SubElement(parent, name)
    made.text = text
    return made
