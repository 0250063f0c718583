"""Reports of loads, for people."""

from __future__ import annotations

from typing import Any

from api.language.speech import Spoken
from api.language.translate import SOURCE_LANGUAGE, Language
from layers.records.load_report import LoadReport
from layers.records.phrases import say
from scripts.output import err, out

LISTED = 20  # rejected rows and repairs spelled out for people; --json and the file of rejects have all


def is_wholly_rejected(report: LoadReport) -> bool:
    """Whether no row of a file was good; such a load changes nothing."""
    return bool(report.read) and report.rejected == report.read - report.filtered


def print_report(report: LoadReport, lang: Language = SOURCE_LANGUAGE) -> None:
    """Print a report for people: what happened first, then what to look at; what was found in the whole in ``lang``."""
    out.print(f"{report.file_name} -> {report.layer}: {_outcome(report)}", highlight=False)
    figures: dict[str, Any] = {
        "read": report.read,
        "not wanted": report.filtered,
        "added": report.added,
        "changed": report.changed,
        "ended": report.ended,
        "unchanged": report.unchanged,
        "repeated": report.repeated,
        "repaired": len(report.repairs),
        "rejected": report.rejected,
    }
    out.print(", ".join(f"{count:,} {name}" for name, count in figures.items() if count), highlight=False)
    if report.ended_in:
        out.print(ended_in(report), highlight=False)
    if report.transformation is not None:
        change = report.transformation
        accuracy = "not stated" if change.accuracy_m is None else f"{change.accuracy_m:g} m"
        shift = "unknown" if change.shift_m is None else f"{change.shift_m:.1f} m"
        how = "kept as they are" if change.name == "none" else f"by {change.name}; accuracy {accuracy}, shift {shift}"
        out.print(f"Coordinates in {change.crs}, {how}.", highlight=False)
    if report.ignored:
        out.print(f"Columns not used: {', '.join(report.ignored)}.", highlight=False)
    print_notes(report)
    for finding in report.findings:
        out.print(say(finding.said, Spoken(lang)), highlight=False)
    for repair in report.repairs[:LISTED]:
        change_pct = "" if repair.change_pct is None else f", area changed by {repair.change_pct:g} %"
        name = f" ({repair.key})" if repair.key else ""
        out.print(f"repaired row {repair.row}{name}: {repair.what}{change_pct}", highlight=False)
    print_rejections(report)


def print_notes(report: LoadReport) -> None:
    """Print which columns were left out because somebody said so, and what else is to be known of the file."""
    if report.dropped:
        out.print(f"Columns dropped: {', '.join(report.dropped)}.", highlight=False)
    for note in report.notes:
        out.print(note, highlight=False)


def ended_in(report: LoadReport) -> str:
    """Return where rows ended, and how many."""
    return f"Ended in: {', '.join(f'{name} {count:,}' for name, count in report.ended_in.items())}."


def print_rejections(report: LoadReport) -> None:
    """Print the rejected rows for people, and where all of them stand."""
    for rejection in report.rejections[:LISTED]:
        out.print(f"rejected {rejection}", highlight=False)
    if len(report.rejections) > LISTED:
        out.print(f"... and {len(report.rejections) - LISTED:,} more", highlight=False)
    if report.rejects_file is not None:
        err.print(f"Rejected rows, as they stand in the file, with the reason: {report.rejects_file}", highlight=False)


def _outcome(report: LoadReport) -> str:
    if report.kind == "check":
        return "checked, nothing is stored."
    return f"load {report.load_id}." if report.stored else "nothing changed."
