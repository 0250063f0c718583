"""Begins a layer or a criterion: ``make layer NAME=wells``, ``make criterion NAME=wind_m_s GROUP=climate LAYER=slope``.

What is written is a declaration that works as it stands and says too little; whoever asked for it makes it true. All
that follows from a declaration and is kept in files follows here as well: revision, generated page, message ids,
expected files.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final

from geo.contract.memberships import KNOT_LEVELS
from geo.criteria import LAND_CRITERIA
from layers.catalogue import BY_NAME, RASTERS_BY_NAME

ROOT: Final = Path(__file__).parents[2]
CATALOGUE: Final = ROOT / "layers" / "catalogue"
REVISIONS: Final = ROOT / "layers" / "schema" / "migrations" / "versions"
CRITERIA: Final = ROOT / "geo" / "criteria"
SCHEMES: Final = ROOT / "geo" / "schemes"
DECLARED: Final = re.compile(
    r'(?m)^([A-Z_0-9]+) = Criterion\(\n    id="(\w+)",\n    code="(\w)(\d+)",\n    group="(\w+)",\n    letter="(\w)"'
)
DECLARED_WITH: Final = {  # what a declaration as it is begun is written with
    "geo.contract.declared": ("CALIBRATE", "ClassCap", "Measuring"),
    "geo.contract.memberships": ("Knots",),
    "geo.contract.needs": ("Need",),
}
GEOMETRIES: Final = ("POINT", "MULTILINESTRING", "MULTIPOLYGON")
NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,40}")
LAYER_OPTIONS: Final = {"NAME": "", "FILE": "services", "GEOMETRY": "POINT", "TITLE": ""}
CRITERION_OPTIONS: Final = {
    **{"NAME": "", "GROUP": "", "LAYER": "", "TITLE": "", "UNIT": ""},
    **{"KNOTS": "0, 1, 2, 3, 4", "REACH_M": "3000"},
}


class Refused(ValueError):
    """What was asked for cannot be begun; says what was expected."""


def begin_layer(given: Mapping[str, str]) -> list[Path]:
    """Write the class of a layer into a file of the catalogue, and its revision; return the files written.

    Nobody but staff may see it until whoever asked for it says otherwise in its card.

    Raises
    ------
    Refused : a name that is taken or no name, a file or geometry there is not.
    """
    name, title = _name_of(given), given["TITLE"] or _words(given["NAME"])
    file, kind = CATALOGUE / f"{given['FILE']}.py", given["GEOMETRY"]
    files = {path.stem for path in CATALOGUE.glob("*.py") if _registry(path.read_text("utf-8")) is not None}
    if given["FILE"] not in files:
        raise Refused(f"FILE: expected one of {', '.join(sorted(files))}, got {given['FILE']!r}.")
    if kind not in GEOMETRIES:
        raise Refused(f"GEOMETRY: expected one of {', '.join(GEOMETRIES)}, got {kind!r}.")
    texts = {path: path.read_text("utf-8") for path in sorted(CATALOGUE.glob("*.py"))}
    for said in (f'__tablename__ = "{name}"', f'"{name}"'):  # where it is declared, else where it is spoken of
        for path in (path for path, text in texts.items() if said in text):
            raise Refused(f"NAME: {name} is in layers/catalogue/{path.name} already.")
    cls = "".join(part.capitalize() for part in name.removesuffix("s").split("_"))
    one = _words(name.removesuffix("s"))
    text = file.read_text("utf-8")
    registry = _registry(text)
    assert registry is not None
    declaration = f'''class {cls}(Layer):
    """{title}."""

    __tablename__ = "{name}"
    card = Card(
        title="{title}",
        audience=STAFF,
        about="{title}.",
        legend={{"": Style("#525252", "{one}")}},
    )
    code: Mapped[str] = identifier("{one}")
    name: Mapped[str | None] = attribute("Name", in_tile=True)
    geom = geometry("{kind}")


'''
    before = text[: registry.start()]
    listed = registry.group(0).replace(registry.group(1), f"{registry.group(1).rstrip(', ')}, {cls}")
    before = re.sub(r"(?m)^(from layers\.catalogue\.base import )(?!.*\bSTAFF\b)(?!\()", r"\1STAFF, ", before)
    file.write_text(before + declaration + listed + text[registry.end() :], "utf-8")
    return [file, _write_revision(name, title, one, kind)]


def _registry(text: str) -> re.Match[str] | None:
    """The last tuple of layers with places of a catalogue file; its group is what it lists."""
    found = list(re.finditer(r"(?ms)^(?!\w*TABLES)\w+: tuple\[type\[Layer\], \.\.\.\] = \((.*?)\)", text))
    return found[-1] if found else None


def _write_revision(name: str, title: str, key: str, kind: str) -> Path:
    """Write the revision that creates a layer's table, numbered after the newest."""
    newest = max(path.stem.split("_")[0] for path in REVISIONS.glob("[0-9]*.py"))
    number = f"{int(newest) + 1:04d}"
    path = REVISIONS / f"{number}_{name}.py"
    path.write_text(
        f'''"""{title}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from layers.schema.migrations.tables import create_layer

revision = "{number}"
down_revision = "{newest}"


def upgrade() -> None:
    """Create them."""
    create_layer(
        "{name}",
        "{title}",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="{key}"),
        sa.Column("name", sa.String(), comment="Name"),
        geometry="{kind}",
    )


def downgrade() -> None:
    """Take them back, with all their rows."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    op.drop_table("{name}")
''',
        "utf-8",
    )
    return path


def begin_criterion(given: Mapping[str, str]) -> list[Path]:
    """Write a land criterion after the last of its group, weighed by no scheme yet; return the files written.

    It is the mean of a grid on the plot, or the distance to the nearest row of a layer.

    Raises
    ------
    Refused : a name that is taken or no name, a group or layer there is not, knots that neither rise nor fall.
    """
    name, title, layer = _name_of(given), given["TITLE"] or _words(given["NAME"]), given["LAYER"]
    texts = {criterion.group: (CRITERIA / f"{criterion.group}.py").read_text("utf-8") for criterion in LAND_CRITERIA}
    declared = [found for text in texts.values() for found in DECLARED.findall(text)]
    groups = {group: (constant, code, int(last), letter) for constant, _, code, last, group, letter in declared}
    if given["GROUP"] not in groups:
        raise Refused(f"GROUP: expected one of {', '.join(groups)}, got {given['GROUP']!r}.")
    if name in {known for _, known, *_ in declared}:
        raise Refused(f"NAME: there is a criterion {name} already.")
    knots = [float(part) for part in given["KNOTS"].split(",") if re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", part)]
    steps = [after - before for before, after in pairwise(knots)]
    if len(steps) != len(KNOT_LEVELS) - 1 or not (all(step > 0 for step in steps) or all(step < 0 for step in steps)):
        raise Refused(f"KNOTS: expected five numbers that rise or fall, got {given['KNOTS']!r}.")
    if layer in RASTERS_BY_NAME:
        measure, need, reach = "mean_of", f'Need("{layer}")', ""
        unit = given["UNIT"] or RASTERS_BY_NAME[layer].unit
    elif layer in BY_NAME and BY_NAME[layer].geometry_kind is not None:
        metres = f"{float(given['REACH_M']):_}"
        measure, need, unit = "distance_to", f'Need("{layer}", touches=Within({metres}))', "m"
        reach = f"    reach_m={metres},\n"
    else:
        places = (*RASTERS_BY_NAME, *(known for known, found in BY_NAME.items() if found.geometry_kind))
        raise Refused(f"LAYER: expected one of {', '.join(places)}, got {layer!r}.")
    last, code, number, letter = groups[given["GROUP"]]
    constant = name.upper()
    declaration = f'''{constant} = Criterion(
    id="{name}",
    code="{code}{number + 1}",
    group="{given["GROUP"]}",
    letter="{letter}",
    title="{title}",
    unit="{unit}",
    better="{"less" if steps[0] > 0 else "more"}",
    needs=({need},),
    measure={measure}("{layer}"),
    memberships=(Knots({", ".join(map(repr, knots))}),),
    poor="{title}: not good for the plot.",
    measuring=Measuring("Measure it on the plot.", usd=50),
    cap={_cap_of(given["GROUP"])},
{reach}    basis=CALIBRATE,
)
'''
    text = texts[given["GROUP"]]
    start = text.index(f"{last} = Criterion(")
    end = text.index("\n)\n", start) + len("\n)\n")
    text = text[:end] + declaration + text[end:]
    text = re.sub(rf"(?ms)(^CRITERIA: .*?\b{last})\b", rf"\1, {constant}", text)
    for module, used in DECLARED_WITH.items():
        for one in used:
            text = _importing(text, module, one)
    text = _importing(text, "geo.measures.plain", measure)
    if measure == "distance_to":
        text = _importing(text, "geo.contract.needs", "Within")
    file = CRITERIA / f"{given['GROUP']}.py"
    file.write_text(text, "utf-8")
    written = [file]
    for scheme in sorted(SCHEMES.glob("*.toml")):
        found = scheme.read_text("utf-8")
        listed = re.search(r"(?m)^unweighed = \[(.*?)\]", found)
        if listed is None:
            raise Refused(f"{scheme.name}: expected a line that begins with 'unweighed = ['.")
        names = f'{listed.group(1)}, "{name}"' if listed.group(1) else f'"{name}"'
        scheme.write_text(found.replace(listed.group(0), f"unweighed = [{names}]"), "utf-8")
        written.append(scheme)
    return written


def _cap_of(group: str) -> str:
    """How far a new criterion holds the class: with its group, as all its members do, and not by itself."""
    with_group = next(criterion.cap.with_group for criterion in LAND_CRITERIA if criterion.group == group)
    return "ClassCap()" if with_group is None else f"ClassCap(with_group={with_group})"


def _importing(text: str, module: str, name: str) -> str:
    """The text with a name imported from a module."""
    line = re.search(rf"(?m)^from {re.escape(module)} import (.*)$", text)
    if line is None:
        first = re.search(r"(?m)^from geo\.", text)
        assert first is not None
        return f"{text[: first.start()]}from {module} import {name}\n{text[first.start() :]}"
    if name in re.split(r",\s*", line.group(1)):
        return text
    return text.replace(line.group(0), f"{line.group(0)}, {name}")


def _name_of(given: Mapping[str, str]) -> str:
    name = given["NAME"]
    if not NAME.fullmatch(name):
        raise Refused(f"NAME: expected small letters, digits and _, such as wind_m_s, got {name!r}.")
    return name


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def follow(written: list[Path]) -> None:
    """Bring up to date what is kept in files and follows from declarations.

    Their form, the page, the message ids, what is expected of the service. In processes of their
    own: this one has read the declarations as they were.
    """
    steps = (
        ("ruff", "check", "--quiet", "--fix", *map(str, written)),
        ("ruff", "format", "--quiet", *map(str, written)),
        ("layers.catalogue.readme",),
        ("api.messages",),
        ("tests.expected",),
    )
    for step in steps:
        subprocess.run([sys.executable, "-m", *step], cwd=ROOT, check=True)


def main(arguments: list[str]) -> int:
    """Begin what was asked for; return 2 with one sentence where it cannot be."""
    kind, *given = arguments
    known = LAYER_OPTIONS if kind == "layer" else CRITERION_OPTIONS
    options = {**known, **{name: value for name, _, value in (item.partition("=") for item in given) if value}}
    try:
        if unknown := options.keys() - known.keys():
            raise Refused(f"{', '.join(sorted(unknown))}: not known here; there are {', '.join(known)}.")
        written = begin_layer(options) if kind == "layer" else begin_criterion(options)
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 2
    follow([path for path in written if path.suffix == ".py"])
    for path in written:
        sys.stdout.write(f"written: {path.relative_to(ROOT)}\n")
    sys.stdout.write("Say there what it is; its new texts wait for a translator in api/language/locale.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
