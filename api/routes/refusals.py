"""Refusals of what people send, told in their language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from api.language.speech import Spoken
from api.language.translate import Language
from geo.errors import SuitabilityError
from layers.errors import LayersError
from layers.records.phrases import Told, retold


@contextmanager
def refusing_in(lang: Language) -> Iterator[None]:
    """Tell refusals in the reader's language."""
    try:
        yield
    except (LayersError, SuitabilityError) as refusal:
        if refusal.args and isinstance(refusal.args[0], Told):
            refusal.args = (retold(refusal.args[0], Spoken(lang)),)
        raise
