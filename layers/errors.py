"""What can go wrong below the web: one class per cause, one sentence per message, no SQL in it.

Only ``OperatorNeeded`` and ``DiskRefused`` may name files and folders: they are for whoever runs the installation, and
others are told their ``PUBLIC_TEXT``.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import ClassVar, Final


class LayersError(Exception):
    """Base of every refusal of this package; its text may be shown to a user."""


class DatabaseUnavailable(LayersError):
    """There is no PostGIS to talk to, or it answers too slowly."""


class OperatorNeeded(DatabaseUnavailable):
    """There is no PostGIS to talk to until whoever runs this installation does what the text says."""

    PUBLIC_TEXT: ClassVar[str] = "The database is away until whoever runs this service has seen to it."


class DiskRefused(OperatorNeeded):
    """A disk is full, may only be read, is damaged or belongs to somebody else."""


class DataRefused(LayersError):
    """A file or row that cannot be loaded; names file, row, field and what was expected."""


def cannot_be_written(name: str, problem: OSError) -> DataRefused:
    """Return the refusal of a file for what an operating system says against it."""
    why = "no such folder" if isinstance(problem, FileNotFoundError) else problem.strerror or type(problem).__name__
    return DataRefused(f"{name} cannot be written: {why}.")


class Busy(LayersError):
    """Something that is done one at a time is being done for another caller."""


class TooMuchAsked(LayersError):
    """Somebody asks for more than their share, or everybody for more than is taken; later it can be asked again."""


class NotFound(LayersError):
    """There is no such layer, district, plot, run or load."""


class SourceUnavailable(LayersError):
    """A public address does not answer, or not with what it is asked for."""


class NotAllowed(LayersError):
    """The caller's audience does not reach this layer, attribute or action."""


class BadFilter(LayersError):
    """A filter that cannot be understood or names what does not exist for this audience."""


def public_text(error: LayersError) -> str:
    """Return what anybody may be told of a refusal: nothing about files and folders of the machine."""
    return error.PUBLIC_TEXT if isinstance(error, OperatorNeeded) else str(error)


def as_disk_refusal(error: OSError) -> DiskRefused | None:
    """Return what a disk refused, in one sentence; None for what is no matter of disks."""
    reason = _REASONS.get(error.errno or 0)
    if reason is None:
        return None
    what = Path(str(error.filename)).name if error.filename else "a file"
    return DiskRefused(reason.format(what=what))


_REASONS: Final = {
    errno.ENOSPC: "The disk is full: {what} cannot be written; make room and run this again.",
    errno.EDQUOT: "The quota of this user is used up: {what} cannot be written; make room and run this again.",
    errno.EROFS: "{what} cannot be written: its disk may only be read.",
    errno.EACCES: "{what} belongs to another user or is closed to this one; run this as that user.",
    errno.EPERM: "{what} belongs to another user or is closed to this one; run this as that user.",
    errno.EIO: "The disk reports a fault at {what}; check the disk before anything else.",
}
