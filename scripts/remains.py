"""What a purge that was killed has left is removed before the next command does anything else."""

from __future__ import annotations

from collections.abc import Iterable

from layers.errors import LayersError
from layers.postgres.engine import engine
from layers.schema.remains import finish_purges, has_remains
from layers.settings import get_settings
from scripts.faults import sentence_of
from scripts.output import tell


def remove_remains() -> None:
    """Finish purges that were killed; where that cannot be done now, say so and let the command go on."""
    try:
        home = get_settings().home
        if not has_remains(home):
            return
        refused = finish_purges(engine(), home)
    except (LayersError, OSError) as error:
        tell(f"What an earlier purge erased may still lie in files; the next command tries again. {sentence_of(error)}")
        return
    tell("An earlier purge was not through; what it left in files is removed.")
    tell_refused(refused)


def tell_refused(tables: Iterable[str]) -> None:
    """Say which tables may still hold what was erased."""
    for name in tables:
        tell(
            f"{name} may still hold what was erased: somebody goes on reading, or the database does not let its user "
            "write it anew. End what reads, then have its administrator write it anew."
        )
