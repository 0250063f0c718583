"""What people on the spot think of the land: the class they would give, beside the one that was computed."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from geo.contract.classes import CLASSES, NE
from geo.criteria import LAND_CRITERIA
from layers.catalogue.base import PARTNER, Card, Layer, attribute, identifier
from layers.catalogue.land import CLASS_STYLES

ROLES = ("jamoat", "field_school", "water_users", "agronomist")
JUDGED = tuple(name for name in CLASSES if name != CLASSES[NE])
REASONS = tuple(dict.fromkeys(criterion.group for criterion in LAND_CRITERIA))


class Judgement(Layer):
    """The class a role would give a plot, and why; never a name, and no class is changed by it."""

    __tablename__ = "judgements"
    card = Card(
        title="Judgements",
        audience=PARTNER,
        about="Which class a jamoat or a field school would give a plot, and what decides it for them. Where it "
        "differs from the class that was computed, the rule is looked at; no class changes by it.",
        drawn_by="judged_class",
        legend={name: CLASS_STYLES[name] for name in JUDGED},
    )
    code: Mapped[str] = identifier("Judgement")
    plot_id: Mapped[str] = attribute("Plot", filter=True)
    judged_class: Mapped[str] = attribute("Class they would give", values=JUDGED, filter=True)
    why: Mapped[str] = attribute("What decides it", values=REASONS, filter=True)
    by_role: Mapped[str] = attribute("Who judged, by role", values=ROLES, filter=True)
    judged_on: Mapped[date] = attribute("Day of the judgement", filter=True)


Index("ix_judgements_plot_id", Judgement.plot_id, Judgement.judged_on)

JUDGEMENTS: tuple[type[Layer], ...] = (Judgement,)
