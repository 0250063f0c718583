"""What is said of a place or a plot, as sheets of paper in HTML."""

from __future__ import annotations

from typing import Any, Final

from api.content.plot_paper import PlotSheet, family_paper
from api.content.report import Report
from api.language.translate import Language
from api.rendering.paper import render_sheet
from api.rendering.paper_signs import LINES, MINED_LABEL, SIGNS, TILE_MM, sign_of
from layers.catalogue.land import SHOWN_STYLES

DRAWN: Final[dict[str, Any]] = {"signs": SIGNS, "lines": LINES, "tile": TILE_MM, "mined_label": MINED_LABEL}


def report_sheet(report: Report, lang: Language, *, root: str, base: str = "", alone: bool) -> str:
    """Return a report as HTML.

    Parameters
    ----------
    report : what it says, in ``lang``.
    lang : the reader's language.
    root : address of the service, before the address of the state; empty where it is not known.
    base : the service's root path.
    alone : nothing stands beside the page; else its style is asked for.
    """
    most_ha = max((row.area_ha for row in report.rows), default=0.0) or 1.0
    values = {"report": report, "most_ha": most_ha, "root": root, "synthetic": report.synthetic}
    return render_sheet("report.html", lang=lang, base=base, alone=alone, **DRAWN, **values)


def plot_on_paper(
    sheet: PlotSheet, lang: Language, *, root: str, base: str = "", alone: bool, family: bool = False
) -> str:
    """Return a plot as HTML; ``family``: the small paper for a family. The others are as for a report."""
    values = {"sheet": sheet, "root": root, "synthetic": sheet.synthetic, "sign": sign_of(sheet.plot)}
    if family:
        told = family_paper(sheet, lang)
        return render_sheet("family.html", lang=lang, base=base, alone=alone, family=told, **DRAWN, **values)
    words = {name: look.label for name, look in SHOWN_STYLES.items()}
    return render_sheet("plot_sheet.html", lang=lang, base=base, alone=alone, words=words, **DRAWN, **values)
