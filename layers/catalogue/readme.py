"""The catalogue as a page: ``python -m layers.catalogue.readme`` writes it, ``--check`` holds it current."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from geo.contract.criterion import Criterion
from geo.criteria import LAND_CRITERIA
from geo.household_criteria import FIT_CRITERIA
from layers.catalogue import LAYERS, RASTERS, TABLES
from layers.catalogue.base import About, Card, Layer

PAGE = Path(__file__).parents[1] / "README.md"


def page() -> str:
    """Text of layers/README.md, computed from the declarations."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Layers and criteria"
    yield ""
    yield "Written by `python -m layers.catalogue.readme` from `layers/catalogue/`, `geo/criteria/` and"
    yield "`geo/household_criteria.py`; `make check` holds it current. One name everywhere: layer = table = tile = URL."
    yield "Audiences: public, partner, staff; each sees what those before it see."
    yield ""
    yield "## Layers in draw order, bottom to top"
    yield ""
    yield "| layer | geometry | audience | tiles from zoom | what it is |"
    yield "|---|---|---|---|---|"
    for layer in LAYERS:
        card = layer.card
        kind = (layer.geometry_kind or "").lower()
        yield (
            f"| [`{layer.__tablename__}`](#{layer.__tablename__}) | {kind} | {card.audience.name.lower()} "
            f"| {_zooms(card)} | {card.about} |"
        )
    yield ""
    yield "## Tables without places"
    yield ""
    yield "| table | audience | what it is |"
    yield "|---|---|---|"
    for table in TABLES:
        name, card = table.__tablename__, table.card
        yield f"| [`{name}`](#{name}) | {card.audience.name.lower()} | {card.about} |"
    yield ""
    yield "## Grids"
    yield ""
    yield "| grid | unit | bands | what it is |"
    yield "|---|---|---|---|"
    for raster in RASTERS:
        derived = f" Computed from `{raster.derived_from}`." if raster.derived_from else ""
        yield f"| `{raster.id}` | {raster.unit or '-'} | {raster.bands} | {raster.about}{derived} |"
    yield ""
    yield "## Criteria"
    yield ""
    yield "Knots are the values at membership 1, 0.75, 0.50, 0.25 and 0, or the membership of each level; a scheme may"
    yield "override them."
    yield ""
    yield from _criteria(LAND_CRITERIA)
    yield ""
    yield "## Criteria of the household fit"
    yield ""
    yield "Computed for a household profile (`geo/profiles/`) beside the land criteria, never mixed into a score,"
    yield "for staff only; declared in `geo/household_criteria.py`. A low fit means *support needed*; it never lowers a"
    yield "rank."
    yield ""
    yield from _criteria(FIT_CRITERIA)
    for layer in (*LAYERS, *TABLES):
        yield from _attributes(layer)


def _zooms(card: Card) -> str:
    """First zoom of a layer's rows, and of those that come later."""
    if card.thinned is None:
        return str(card.tiles_from)
    later = (f"{'unknown' if value is None else value}: {zoom}" for value, zoom in card.thinned.zooms.items())
    return f"{card.tiles_from}; `{card.thinned.attribute}` {', '.join(later)}"


def _criteria(criteria: tuple[Criterion, ...]) -> Iterator[str]:
    yield "| id | code | group | what it is | unit | better | reads | coarsest grid | basis |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for criterion in criteria:
        coarsest = "-" if criterion.coarsest_m is None else f"{criterion.coarsest_m:g} m"
        reads = ", ".join(f"`{name}`" for name in criterion.layers)
        yield (
            f"| `{criterion.id}` | {criterion.code} | {criterion.group} | {criterion.title} | {criterion.unit} "
            f"| {criterion.better} | {reads} | {coarsest} | {criterion.basis} |"
        )


def _attributes(layer: type[Layer]) -> Iterator[str]:
    yield ""
    yield f"## {layer.__tablename__}"
    yield ""
    yield f"{layer.card.about} Key: `{layer.key}`."
    yield ""
    yield "| attribute | what it is | unit | audience | values or range | filter | tile |"
    yield "|---|---|---|---|---|---|---|"
    for name, about in layer.attributes().items():
        audience = max(about.audience, layer.card.audience).name.lower()
        ticks = ["yes" if flag else "" for flag in (about.filter, about.in_tile)]
        yield f"| `{name}` | {about.title} | {about.unit} | {audience} | {_range(about)} | {ticks[0]} | {ticks[1]} |"


def _range(about: About) -> str:
    if about.values:
        return ", ".join(about.values)
    if about.minimum is not None and about.maximum is not None:
        return f"{about.minimum:g} to {about.maximum:g}"
    return f"from {about.minimum:g}" if about.minimum is not None else ""


def main() -> int:
    """Write the page, or with ``--check`` compare it; exit code 1 if it is not current."""
    wanted = page()
    if "--check" in sys.argv[1:]:
        current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        if current != wanted:
            sys.stderr.write("layers/README.md is not current; run python -m layers.catalogue.readme\n")
            return 1
        return 0
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
