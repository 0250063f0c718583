"""Findings about the plots of a part, kept for the next run: a change of weights measures nothing again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.contract.criterion import Block, Measured
from geo.criteria import LAND_CRITERIA
from geo.measures.exclusion import Excluded, Records
from geo.suitability.findings import Findings, find
from layers.cache.array_cache import ArrayCache, Entry
from layers.cache.folders import Folder
from layers.frames.around import Around, rows_digest
from layers.runs.code_digest import findings_digest

PER_PLOT = ("value", "table", "sigma", "evidence", "worst", "best")  # arrays of ``Measured``


def scoring_cache() -> ArrayCache | None:
    """Return the scoring cache of this process's home, None where it is to have no room."""
    folder = Folder.of("scoring")
    return ArrayCache(folder, findings_digest()) if folder.most_bytes else None


def findings(block: Block, around: Around) -> Findings:
    """Return what is found out about a block: kept by a run of the same plots, land, day and judgement, or found now.

    A few plots of a district are always found out about anew: their company would have to be the same too.
    """
    if around.cache is None or around.only is not None:
        return find(block)
    judgement = block.judgement
    work = repr((judgement.land_use, judgement.slope)).encode() + np.asarray(judgement.salt_gathers).tobytes()
    judged_for = [str(judgement.as_of).encode(), judgement.crop.astype(np.str_).tobytes(), work]
    parts = [b"findings", *judged_for, rows_digest(block.plots), *map(around.state, sorted(around.reach_m))]
    return _findings(around.cache.entry(b"\0".join(parts), lambda: _entry(find(block))))


def _entry(found: Findings) -> Entry:
    """Lay findings out as arrays; what has no value for each plot stands in the facts."""
    arrays: dict[str, NDArray[Any]] = {
        "excluded": found.excluded.reason,
        "excluded_from": found.excluded.from_year,
        "crop_ranks": found.crop_ranks,
        "crops_unknown": found.crops_unknown,
        "mines_unanswered": found.mines_unanswered,
        "records of mines": found.records.mines,
        "records of shut land": found.records.shut_land,
        "without_water": found.without_water,
        "irrigated": found.irrigated,
    }
    arrays |= {f"repair_gain {state}": gain for state, gain in found.repair_gain.items()}
    facts = {}
    for name, measured in found.values.items():
        for part in PER_PLOT:
            if (array := getattr(measured, part)) is not None:
                arrays[f"{name} {part}"] = array
        arrays |= {f"{name} note {number}": flags for number, flags in enumerate(measured.notes.values())}
        arrays |= {f"{name} beside {number}": beside for number, beside in enumerate(measured.beside.values())}
        facts[name] = {
            "not_assessed": measured.not_assessed,
            "notes": list(measured.notes),
            "beside": list(measured.beside),
        }
    return Entry(arrays, {"values": facts, "repair_gain": list(found.repair_gain)})


def _findings(entry: Entry) -> Findings:
    arrays, facts = entry.arrays, entry.facts
    return Findings(
        values={criterion.id: _measured(criterion.id, arrays, facts["values"]) for criterion in LAND_CRITERIA},
        excluded=Excluded(arrays["excluded"], arrays["excluded_from"]),
        crop_ranks=arrays["crop_ranks"],
        crops_unknown=arrays["crops_unknown"],
        mines_unanswered=arrays["mines_unanswered"],
        records=Records(arrays["records of mines"], arrays["records of shut land"]),
        without_water=arrays["without_water"],
        irrigated=arrays["irrigated"],
        repair_gain={state: arrays[f"repair_gain {state}"] for state in facts["repair_gain"]},
    )


def _measured(name: str, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> Measured:
    notes = {note: np.asarray(arrays[f"{name} note {number}"]) for number, note in enumerate(facts[name]["notes"])}
    beside = {text: np.asarray(arrays[f"{name} beside {number}"]) for number, text in enumerate(facts[name]["beside"])}
    given = {part: arrays.get(f"{name} {part}") for part in PER_PLOT[1:]}
    return Measured(
        arrays[f"{name} value"], not_assessed=facts[name]["not_assessed"], notes=notes, beside=beside, **given
    )
