"""Reports of loads, for people."""

from __future__ import annotations

from typing import Final

from layers.records.load_report import LoadReport, Repair
from layers.records.phrases import ENGLISH, Digits, Listed, Phrase, Speech, Told, retold, say, told
from scripts.output import err, out

LISTED = 20  # rejected rows and repairs spelled out for people; --json and the file of rejects have all
# What became of how many rows, in the order it is told; names are those of a report.
FIGURES: Final = {
    "read": "{count} read",
    "filtered": "{count} not wanted",
    "added": "{count} added",
    "changed": "{count} changed",
    "ended": "{count} ended",
    "unchanged": "{count} unchanged",
    "repeated": "{count} repeated",
    "repaired": "{count} repaired",
    "rejected": "{count} rejected",
}


def is_wholly_rejected(report: LoadReport) -> bool:
    """Whether no row of a file was good; such a load changes nothing."""
    return bool(report.read) and report.rejected == report.read - report.filtered


def print_report(report: LoadReport, speech: Speech = ENGLISH) -> None:
    """Print a report for people in a language: what happened first, then what to look at."""
    message = "{file} -> {layer}: {outcome}"
    _print(told(message, file=report.file_name, layer=report.layer, outcome=_outcome(report)), speech)
    if (counted := counts(report, tuple(FIGURES))) is not None:
        _print(counted, speech)
    if report.ended_in:
        _print(ended_in(report), speech)
    if (moved := _transformed(report)) is not None:
        _print(moved, speech)
    if report.ignored:
        _print(told("Columns not used: {columns}.", columns=", ".join(report.ignored)), speech)
    print_notes(report, speech)
    for finding in report.findings:
        out.print(say(finding.said, speech), highlight=False)
    for repair in report.repairs[:LISTED]:
        _print(_repaired(repair), speech)
    print_rejections(report, speech)


def counts(report: LoadReport, names: tuple[str, ...]) -> Told | None:
    """Return what became of how many rows; None where there are none."""
    found = {name: len(report.repairs) if name == "repaired" else getattr(report, name) for name in names}
    things = tuple(Phrase(FIGURES[name], {"count": count}) for name, count in found.items() if count)
    return told("{counts}", counts=Listed(things)) if things else None


def notes_of(report: LoadReport) -> list[str]:
    """Return which columns were left out because somebody said so, and what else is to be known of the file."""
    if not report.dropped:
        return report.notes
    return [told("Columns dropped: {columns}.", columns=", ".join(report.dropped)), *report.notes]


def print_notes(report: LoadReport, speech: Speech = ENGLISH) -> None:
    """Print these."""
    for note in notes_of(report):
        _print(note, speech)


def ended_in(report: LoadReport) -> Told:
    """Return where rows ended, and how many."""
    places = tuple(Phrase("{place} {count}", {"place": name, "count": n}) for name, n in report.ended_in.items())
    return told("Ended in: {places}.", places=Listed(places))


def print_rejections(report: LoadReport, speech: Speech = ENGLISH) -> None:
    """Print the rejected rows for people, and where all of them stand."""
    for rejection in report.rejections[:LISTED]:
        _print(told("rejected {row}", row=rejection.told), speech)
    if len(report.rejections) > LISTED:
        _print(told("... and {count} more", count=len(report.rejections) - LISTED), speech)
    if report.rejects_file is not None:
        where = told("Rejected rows, as they stand in the file, with the reason: {file}", file=report.rejects_file)
        err.print(retold(where, speech), highlight=False)


def _print(sentence: str, speech: Speech) -> None:
    out.print(retold(sentence, speech), highlight=False)


def _outcome(report: LoadReport) -> Told:
    if report.kind == "check":
        return told("checked, nothing is stored.")
    return told("load {load}.", load=str(report.load_id)) if report.stored else told("nothing changed.")


def _transformed(report: LoadReport) -> Told | None:
    change = report.transformation
    if change is None:
        return None
    if change.name == "none":
        return told("Coordinates in {crs}, kept as they are.", crs=change.crs)
    stated, known = change.accuracy_m, change.shift_m
    return told(
        "Coordinates in {crs}, by {way}; accuracy {accuracy}, shift {shift}.",
        crs=change.crs,
        way=change.name,
        accuracy=told("not stated") if stated is None else told("{metres} m", metres=Digits(f"{stated:g}")),
        shift=told("unknown") if known is None else told("{metres} m", metres=Digits(f"{known:.1f}")),
    )


def _repaired(repair: Repair) -> Told:
    row = told("row {row}", row=str(repair.row))
    if repair.key:
        row = told("row {row} ({key})", row=str(repair.row), key=repair.key)
    if repair.change_pct is None:
        return told("repaired {row}: {what}", row=row, what=repair.what)
    change = Digits(f"{repair.change_pct:g}")
    return told("repaired {row}: {what}, area changed by {change} %", row=row, what=repair.what, change=change)
