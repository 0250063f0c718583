"""Land: plots, what was measured on them, and pastures."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped

from geo.contract.classes import OUTLOOKS
from geo.contract.shut_land import RELEASABLE
from geo.household import tenure
from geo.measures.salt_readings import CLASSES as SALT_CLASSES
from geo.measures.salt_readings import SATURATION
from layers.catalogue.base import PARTNER, PUBLIC, STAFF, Box, Card, Layer, Mark, Style, attribute, geometry, identifier

LAND_FORMS = ("household", "presidential", "dehkan", "reserve", "pasture", "unknown")
AVAILABILITIES = ("offered", "reserve", "fallow", "in_use", "unknown")
ON_OFFER = ("offered", "reserve")  # land that is there to be given out: its state is nobody's secret
# A list of uncultivated plots is a list for confiscation. Where use is told, what is left is that list: neither is.
TOLD_AS = {"fallow": "unknown", "in_use": "unknown"}
RIGHT_CLASSES = tuple(tenure.BY_CODE)  # domain reference 4.5
# Domain reference 2.2: plots outside 66-73.5 E are refused since EPSG:32642 is the working CRS.
FARMED = Box(66.0, 36.0, 73.5, 41.85, "plots between 66 and 73.5 E, 36 and 41.85 N")

# Default to calibrate: below 50 m2 nobody farms alone, and a field of more than 500 ha is a farm, not a plot.
USUAL_PLOT_HA = (0.005, 500.0)

# Class colours, teal to brown: any two differ by more than 25 in CIE L*a*b* for normal sight, protanopia,
# deuteranopia and tritanopia (Machado et al. 2009). Green to brown would not: its S1 and N2 merge.
CLASS_STYLES = {
    "S1": Style("#00695c", "S1 highly suitable"),
    "S2": Style("#4fb3a5", "S2 suitable"),
    "S3": Style("#f3e58f", "S3 marginally suitable"),
    "N1": Style("#d98f35", "N1 not suitable now"),
    "N2": Style("#6f3a05", "N2 not suitable"),
    "NE": Style("#9aa0a6", "NE not evaluated", hatched=True),
}
# A class that may be one of three or more is shown as none of them: stripes over the tone of its outlook, which is that
# of S2, S3 and N1 (domain reference 3.6, step 2).
_STRIPES = "#3c4043"
UNSETTLED_STYLES = {  # outlook -> look
    "likely": Style(_STRIPES, "Not settled, likely suitable", hatched=True, ground=CLASS_STYLES["S2"].colour),
    "open": Style(_STRIPES, "Not settled, open", hatched=True, ground=CLASS_STYLES["S3"].colour),
    "unlikely": Style(_STRIPES, "Not settled, unlikely suitable", hatched=True, ground=CLASS_STYLES["N1"].colour),
}
# What a plot is shown and counted as: its class, or not settled with an outlook.
SHOWN_STYLES = {
    **{name: look for name, look in CLASS_STYLES.items() if not look.hatched},
    **UNSETTLED_STYLES,
    **{name: look for name, look in CLASS_STYLES.items() if look.hatched},
}

# Kinds of exclusions that stand for mines, in the colour of the layer of exclusions.
MINED = Mark(
    "shut_by",
    tuple(sorted(RELEASABLE)),
    Style("#c8102e", "Mines confirmed or suspected: do not enter", hatched=True),
)


class Plot(Layer):
    """Land plots. Suitability is kept apart, by run; no household is recorded here or anywhere."""

    __tablename__ = "plots"
    card = Card(
        title="Plots",
        audience=PUBLIC,
        about="Land plots and how suitable each is for a family with few hands.",
        drawn_by="class",
        legend=CLASS_STYLES,
        tiles_from=12,
        line_width=0.6,
        mark=MINED,
    )
    box = FARMED
    judged = True
    disjoint = True
    usual_ha = USUAL_PLOT_HA
    key_in_address = True
    computed = ("plot_no", "area_ha")
    leading = ("plot_id", "plot_no", "district", "jamoat", "area_ha", "land_form", "availability")
    plot_id: Mapped[str] = identifier("Plot")
    plot_no: Mapped[int] = attribute("Plot number; the tile feature id", column=BigInteger)
    district: Mapped[str | None] = attribute("District code", filter=True, empty="lies in no district")
    jamoat: Mapped[str | None] = attribute("Jamoat code", filter=True, empty="lies in no jamoat on record")
    settlement: Mapped[str | None] = attribute("Settlement the plot is farmed from", of_place=True)
    area_ha: Mapped[float] = attribute("Area on the ellipsoid", unit="ha", minimum=0)
    land_form: Mapped[str] = attribute("Land form", values=LAND_FORMS, filter=True)
    availability: Mapped[str] = attribute(
        "Availability", values=AVAILABILITIES, filter=True, exact_for=PARTNER, told_as=TOLD_AS
    )
    irrigated: Mapped[bool | None] = attribute("Recorded as irrigated", shown_as="irrigated_recorded")
    terraced: Mapped[bool | None] = attribute("Terraced")
    cadastral_no: Mapped[str | None] = attribute("Cadastral number", audience=STAFF)
    right_class: Mapped[str | None] = attribute("Right class", audience=STAFF, values=RIGHT_CLASSES)
    missing_documents: Mapped[int | None] = attribute("Documents missing", audience=STAFF, minimum=0)
    disputes: Mapped[int | None] = attribute("Open disputes", audience=STAFF, minimum=0)
    geom = geometry("MULTIPOLYGON")


class Field(Layer):
    """Candidate fields where there is no cadastre. No right, no land form, no availability: never called a plot."""

    __tablename__ = "fields"
    card = Card(
        title="Candidate fields",
        audience=STAFF,
        about="Outlines or squares on cropland: land somebody may be using until the jamoat says who. Never offered.",
        drawn_by="outlook",
        legend={
            "likely": Style("#4fb3a5", "Likely to be suitable"),
            "open": Style("#f3e58f", "Not clear yet"),
            "unlikely": Style("#d98f35", "Unlikely to be suitable"),
            "": Style("#9aa0a6", "Nothing known", hatched=True),
        },
        tiles_from=12,
        line_width=0.6,
    )
    box = FARMED
    code: Mapped[str] = identifier("Field")
    district: Mapped[str] = attribute("District code", filter=True)
    jamoat: Mapped[str | None] = attribute("Jamoat code", filter=True, empty="lies in no jamoat on record")
    area_ha: Mapped[float] = attribute("Area on the ellipsoid", unit="ha", minimum=0)
    basis: Mapped[str] = attribute("How it was obtained", values=("outline", "grid"), filter=True)
    class_low: Mapped[str | None] = attribute("Class at worst")
    class_high: Mapped[str | None] = attribute("Class at best")
    outlook: Mapped[str | None] = attribute(
        "Outlook by what is known", values=tuple(OUTLOOKS), filter=True, in_tile=True
    )
    ask_first: Mapped[str | None] = attribute("What to ask first", filter=True, in_tile=True)
    known_weight_pct: Mapped[int | None] = attribute(
        "Share of the weight that is known", unit="%", minimum=0, maximum=100
    )
    judged_on: Mapped[date] = attribute("Day it was judged for")
    geom = geometry("MULTIPOLYGON")


class PlotSurvey(Layer):
    """What was measured on a plot, with its date: salinity, groundwater, depth, texture, levels, turns."""

    __tablename__ = "plot_surveys"
    card = Card(
        title="Plot surveys",
        audience=PARTNER,
        about="Measurements made on plots. The newest measured value of each column counts.",
        legend={"": Style("#22223b", "Survey")},
    )
    code: Mapped[str] = identifier("Survey record")
    plot_id: Mapped[str] = attribute("Plot", filter=True)
    survey_date: Mapped[date] = attribute("Date of the survey", filter=True)
    salinity_ds_m: Mapped[float | None] = attribute("Salinity ECe 0-60 cm", unit="dS/m", minimum=0, maximum=100)
    salinity_class: Mapped[str | None] = attribute("Class of salinity", values=tuple(SALT_CLASSES))
    salinity_low: Mapped[float | None] = attribute(
        "Salinity ECe 0-60 cm, at least", unit="dS/m", minimum=0, maximum=100
    )
    salinity_high: Mapped[float | None] = attribute(
        "Salinity ECe 0-60 cm, at most", unit="dS/m", minimum=0, maximum=100
    )
    extract_ds_m: Mapped[float | None] = attribute("Conductivity of a 1:5 extract", unit="dS/m", minimum=0, maximum=40)
    dry_residue_pct: Mapped[float | None] = attribute("Dry residue of a 1:5 extract", unit="%", minimum=0, maximum=15)
    texture: Mapped[str | None] = attribute("Texture", values=(*SATURATION, "unknown"))
    groundwater_low: Mapped[float | None] = attribute(
        "Depth of groundwater, at least", unit="m", minimum=0, maximum=200
    )
    groundwater_high: Mapped[float | None] = attribute(
        "Depth of groundwater, at most", unit="m", minimum=0, maximum=200
    )
    month: Mapped[int | None] = attribute(
        "Month of the groundwater, where only the month is known", minimum=1, maximum=12
    )
    groundwater_m: Mapped[float | None] = attribute("Depth of groundwater", unit="m", minimum=0, maximum=200)
    soil_depth_cm: Mapped[float | None] = attribute("Effective soil depth", unit="cm", minimum=0, maximum=500)
    coarse_fragments_pct: Mapped[float | None] = attribute("Coarse fragments", unit="%", minimum=0, maximum=100)
    awc_mm_m: Mapped[float | None] = attribute("Available water capacity", unit="mm/m", minimum=0, maximum=400)
    caco3_pct: Mapped[float | None] = attribute("Calcium carbonate", unit="%", minimum=0, maximum=100)
    gypsum_pct: Mapped[float | None] = attribute("Gypsum", unit="%", minimum=0, maximum=100)
    ph: Mapped[float | None] = attribute("pH in water", minimum=2, maximum=12)
    esp_pct: Mapped[float | None] = attribute("Exchangeable sodium", unit="%", minimum=0, maximum=100)
    highest_ground_m: Mapped[float | None] = attribute(
        "Highest ground of the plot, EGM2008", unit="m", minimum=-100, maximum=8_000
    )
    turns_scheduled: Mapped[int | None] = attribute("Water turns scheduled, April-September", minimum=0)
    turns_delivered: Mapped[int | None] = attribute("Water turns delivered, April-September", minimum=0)
    heavy_turns_pct: Mapped[float | None] = attribute(
        "Turns at night or with heavy gate work", unit="%", minimum=0, maximum=100
    )


class Pasture(Layer):
    """Grazing units."""

    __tablename__ = "pastures"
    card = Card(
        title="Pastures",
        audience=PARTNER,
        about="Grazing units with their range condition.",
        drawn_by="condition",
        legend={
            "good": Style("#5aae61", "Good"),
            "fair": Style("#d9f0a3", "Fair"),
            "degraded": Style("#bf812d", "Degraded"),
            "unknown": Style("#9aa0a6", "Unknown", hatched=True),
        },
        tiles_from=6,
    )
    code: Mapped[str] = identifier("Pasture unit")
    name: Mapped[str | None] = attribute("Name", of_place=True)
    condition: Mapped[str] = attribute(
        "Range condition class", values=("good", "fair", "degraded", "unknown"), filter=True, in_tile=True
    )
    capacity_lu_ha: Mapped[float | None] = attribute("Carrying capacity", unit="LU/ha", minimum=0)
    geom = geometry("MULTIPOLYGON")


Index("ix_plots_district", Plot.district, Plot.plot_no)
Index("ix_plots_plot_no", Plot.plot_no)
Index("ix_plot_surveys_plot_id", PlotSurvey.plot_id, PlotSurvey.survey_date)

LAND: tuple[type[Layer], ...] = (Pasture, Field, Plot)
LAND_TABLES: tuple[type[Layer], ...] = (PlotSurvey,)
