"""Options of commands that read files: what becomes of columns that look like personal data."""

from __future__ import annotations

from typing import Annotated

import typer

Drop = Annotated[
    list[str] | None,
    typer.Option("--drop", metavar="COLUMN", help="Column of personal data that is not read; repeatable."),
]
KeepAnyway = Annotated[
    list[str] | None,
    typer.Option(
        "--keep-anyway", metavar="COLUMN", help="Column that looks like personal data and is stored; repeatable."
    ),
]


def personal_columns(drop: list[str] | None, keep_anyway: list[str] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns that are dropped and those that are kept; one cannot be both."""
    both = sorted({*(drop or ())} & {*(keep_anyway or ())})
    if both:
        raise typer.BadParameter(f"{', '.join(both)} is dropped or kept, not both.", param_hint="--drop")
    return tuple(drop or ()), tuple(keep_anyway or ())
