"""Use rights to land: what a right class means for a woman whose husband is away, and which step helps.

All land is state property; rights are use rights. The values are defaults to calibrate and need the review of a
Tajik land lawyer; nothing here is legal advice, only whom to ask (domain reference 4.5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from geo.errors import TableError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RightClass:
    """A class of use right: code, meaning, membership 0-1 of tenure, and the step that usually helps."""

    code: str
    title: str
    membership: float
    step: str

    @property
    def number(self) -> int:
        """Number of the class, by which its criterion counts: 4 for O4."""
        return int(self.code.removeprefix("O"))


# Where a paper is in the name of husband, in-laws or head, asking alone can end in eviction; domain reference 4.5.
LEGAL_AID_FIRST = "Talk to legal aid first; do not apply alone"

RIGHT_CLASSES: tuple[RightClass, ...] = (
    RightClass("O1", "Inheritable use, certificate in her own name", 1.0, "Nothing to do"),
    RightClass("O2", "Dehkan farm she heads", 1.0, "Check the business registration"),
    RightClass("O3", "Family dehkan farm, she is a listed member", 0.75, LEGAL_AID_FIRST),
    RightClass("O4", "Household plot, husband's certificate, marriage registered", 0.65, LEGAL_AID_FIRST),
    RightClass("O5", "Household plot of in-laws, or marriage not registered", 0.35, LEGAL_AID_FIRST),
    RightClass("O6", "Presidential land in husband's or father's name", 0.50, LEGAL_AID_FIRST),
    RightClass("O7", "Collective dehkan farm, share unknown", 0.40, "Check the list of members"),
    RightClass("O8", "Written, registered lease", 0.55, "Lengthen and register the lease"),
    RightClass("O9", "Oral lease or sharecropping", 0.25, "Put the lease in writing"),
    RightClass("O10", "State reserve or special land fund", 0.45, "Apply to the district authority"),
    # O11 is .60 for members of a pasture union and .30 for others; membership is not recorded, so the lower counts.
    RightClass("O11", "Common pasture", 0.30, "Join the pasture users' union"),
    RightClass("O12", "No right, or under dispute", 0.10, "Ask legal aid before any investment"),
)
OF_OTHERS = tuple(right for right in RIGHT_CLASSES if right.step == LEGAL_AID_FIRST)  # another's act is needed
BY_CODE = {right.code: right for right in RIGHT_CLASSES}


def right_numbers(codes: ArrayLike) -> Floats:
    """Return the number of each right class.

    Parameters
    ----------
    codes : (n,), O1 to O12; None, NaN and empty text where none is recorded.

    Returns
    -------
    float64 (n,), 4 for O4, NaN where none is recorded.

    Raises
    ------
    TableError : a code that is not O1-O12.
    """
    names = pd.Series(codes, dtype=object)
    known = names.notna() & (names != "")
    strange = known & ~names.isin(BY_CODE)
    if strange.any():
        raise TableError(f"right_class: '{names[strange].iloc[0]}' is not one of O1 to O12")
    return np.asarray(names.map({code: right.number for code, right in BY_CODE.items()}), dtype=np.float64)
