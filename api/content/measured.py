"""What was measured on a plot, by group, and the hazard zones on it, each in a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from api.content.value_text import UNKNOWN, is_told, month_names, told_value
from api.language.translate import Language, translate
from api.language.wording import CODES, GROUPS
from geo.contract.criterion import Criterion
from geo.criteria import LAND_CRITERIA


def tell_hazard(zone: Mapping[str, Any], lang: Language) -> str:
    """Return one hazard zone on a plot in a line: process, level, months, what it threatens, and what it is not."""
    life, process, level, caution = zone["threatens"] == "life", CODES[zone["process"]], zone["level"], zone["caution"]
    stake = translate("danger to life", lang) if life else translate("danger to crop and land", lang)
    months = month_names(zone["months"], lang) if zone["months"] else None
    named = translate("{process}: {level} level", lang).format(
        process=translate(process, lang), level=translate(level, lang)
    )
    line = ", ".join(part for part in (named, months, stake) if part)
    return f"{line} ({translate(caution, lang)})" if caution else line


def _text(criterion: Criterion, plot: Mapping[str, Any], lang: Language, *, unknown: bool) -> str:
    """A value as it is read; one that could not be judged is unknown, with what is known of it in brackets."""
    text = told_value(criterion, plot, lang)
    return f"{translate(UNKNOWN, lang)} ({text})" if unknown and is_told(criterion, plot) else text


def measured_by_group(
    plot: Mapping[str, Any], explained: Mapping[str, Any] | None, lang: Language
) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return criteria by group: title, value as text, membership, evidence, whether it holds the plot back most."""
    return list(_by_group(plot, explained, lang))


def _by_group(
    plot: Mapping[str, Any], explained: Mapping[str, Any] | None, lang: Language
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    told = {row["id"]: row for row in explained["criteria"]} if explained else {}
    for group, title in GROUPS.items():
        rows = [
            {
                "title": criterion.title,
                "text": _text(criterion, plot, lang, unknown=bool(told) and told[criterion.id]["membership"] is None),
                "membership": told[criterion.id]["membership"] if told else None,
                "evidence": told[criterion.id]["evidence"] if told else None,
                "limiting": criterion.id == plot.get("limiting"),
            }
            for criterion in LAND_CRITERIA
            if criterion.group == group
        ]
        if rows:
            yield title, rows
