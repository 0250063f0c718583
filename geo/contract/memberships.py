"""How a measured value becomes a membership 0-1.

Class limits on the membership scale: S1 from 0.75, S2 from 0.50, S3 from 0.25, N1 from 0.125, N2 below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from geo.compiled.threads import over_blocks
from geo.contract.kernels import memberships as kernels
from geo.errors import SuitabilityError

Floats = NDArray[np.float64]

KNOT_LEVELS = (1.0, 0.75, 0.5, 0.25, 0.0)  # membership at the five knots, domain reference 3.4
VALUES_PER_BLOCK = 65_536


@runtime_checkable
class Membership(Protocol):
    """Value in the criterion's unit -> membership."""

    def __call__(self, value: Floats, sigma: Floats | None = None) -> Floats:
        """Return the membership of each value.

        Parameters
        ----------
        value : float64 (n,), in the criterion's unit, NaN unknown
        sigma : float64 (n,), standard error of the value in its unit, NaN or 0 = surveyed; None where there is none

        Returns
        -------
        float64 (n,), 0-1, NaN where the value is NaN
        """
        ...


@dataclass(frozen=True, slots=True)
class Knots:
    """Piecewise linear through five knots: values at membership 1, .75, .50, .25 and 0; clamped outside.

    Raises
    ------
    SuitabilityError : the five values are not strictly monotone.
    """

    at_1: float
    at_75: float
    at_50: float
    at_25: float
    at_0: float

    def __post_init__(self) -> None:
        steps = np.diff(self.values)
        if not (np.all(steps > 0) or np.all(steps < 0)):
            raise SuitabilityError(f"knots must rise or fall strictly, got {self.values}")

    @property
    def values(self) -> tuple[float, float, float, float, float]:
        """The five values in the order of ``KNOT_LEVELS``."""
        return self.at_1, self.at_75, self.at_50, self.at_25, self.at_0

    @property
    def better(self) -> Literal["more", "less"]:
        """Which way the membership rises."""
        return "more" if self.at_1 > self.at_0 else "less"

    def value_at(self, membership: float) -> float:
        """Return the value whose membership is given.

        Parameters
        ----------
        membership : 0-1; NaN gives NaN

        Returns
        -------
        value in the criterion's unit; at 0 and 1 that of the outermost knot
        """
        return float(np.interp(membership, KNOT_LEVELS[::-1], self.values[::-1]))

    def __call__(self, value: Floats, sigma: Floats | None = None) -> Floats:  # noqa: ARG002
        """Return memberships; a value exactly on a knot gets exactly the knot's level.

        Parameters
        ----------
        value : float64 (n,), in the criterion's unit, NaN unknown
        sigma : not used

        Returns
        -------
        float64 (n,), 0-1, NaN where the value is NaN
        """
        x, y = np.asarray(self.values), np.asarray(KNOT_LEVELS)
        if self.better == "more":
            x, y = x[::-1].copy(), y[::-1].copy()
        given = np.ascontiguousarray(value, dtype=np.float64)
        result = np.empty_like(given)
        over_blocks(partial(kernels.between_knots, given, x, y, result), len(given), block=VALUES_PER_BLOCK)
        return result


@dataclass(frozen=True, slots=True)
class Trapezoid:
    """0 below ``low``, rising to 1 at ``optimum_low``, 1 to ``optimum_high``, falling to 0 at ``high``."""

    low: float
    optimum_low: float
    optimum_high: float
    high: float

    def __post_init__(self) -> None:
        corners = (self.low, self.optimum_low, self.optimum_high, self.high)
        if list(corners) != sorted(corners):
            raise SuitabilityError(f"trapezoid corners must not fall, got {corners}")

    def __call__(self, value: Floats, sigma: Floats | None = None) -> Floats:  # noqa: ARG002
        """Return memberships, linear between the corners.

        Parameters
        ----------
        value : float64 (n,), in the criterion's unit, NaN unknown
        sigma : not used

        Returns
        -------
        float64 (n,), 0-1, NaN where the value is NaN
        """
        value = np.asarray(value, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            up = np.where(value >= self.optimum_low, 1.0, (value - self.low) / (self.optimum_low - self.low))
            down = np.where(value <= self.optimum_high, 1.0, (self.high - value) / (self.high - self.optimum_high))
        return np.where(np.isnan(value), np.nan, np.clip(np.minimum(up, down), 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class ByClass:
    """A membership per class code; a code that is not in the table is refused.

    Raises
    ------
    SuitabilityError : on calling with a code the table does not have.
    """

    table: Mapping[int, float]

    def __call__(self, value: Floats, sigma: Floats | None = None) -> Floats:  # noqa: ARG002
        """Return the membership of each code.

        Parameters
        ----------
        value : float64 (n,), class codes, NaN unknown
        sigma : not used

        Returns
        -------
        float64 (n,), 0-1, NaN where the value is NaN

        Raises
        ------
        SuitabilityError : a code the table does not have.
        """
        value = np.asarray(value, dtype=np.float64)
        result = np.full(value.shape, np.nan)
        for code, level in self.table.items():
            result[value == code] = level
        unknown = ~np.isnan(value) & np.isnan(result)
        if unknown.any():
            raise SuitabilityError(f"class {value[unknown][0]:g} is not in the table {sorted(self.table)}")
        return result


@dataclass(frozen=True, slots=True)
class Probability:
    """Gaussian probability Phi(value / sigma) where sigma is given; ``surveyed`` where it is not.

    For level comparisons whose error is as large as the difference, such as a canal level from a DEM.
    """

    surveyed: Knots

    def __call__(self, value: Floats, sigma: Floats | None = None) -> Floats:
        """Return memberships: Phi(value / sigma), or those of a surveyed value.

        Parameters
        ----------
        value : float64 (n,), in the criterion's unit, NaN unknown
        sigma : float64 (n,), in the unit of ``value``, NaN or 0 = surveyed; None = all surveyed

        Returns
        -------
        float64 (n,), 0-1, NaN where the value is NaN
        """
        from scipy.special import ndtr  # takes a fifth of a second; most commands do without

        exact = self.surveyed(value)
        if sigma is None:
            return exact
        uncertain = sigma > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(uncertain, ndtr(value / np.where(uncertain, sigma, 1.0)), exact)


@dataclass(frozen=True, slots=True)
class Always:
    """The same membership for every value that is known: what is measured and shown, but cannot be poor."""

    level: float = 1.0

    def __call__(self, value: Floats, sigma: Floats | None = None) -> Floats:  # noqa: ARG002
        """Return the same membership for every known value.

        Parameters
        ----------
        value : float64 (n,), in the criterion's unit, NaN unknown
        sigma : not used

        Returns
        -------
        float64 (n,), 0-1, NaN where the value is NaN
        """
        return np.where(np.isnan(value), np.nan, self.level)


@dataclass(frozen=True, slots=True)
class Lower:
    """The lower of two memberships by knots that run the same way."""

    one: Knots
    other: Knots

    @property
    def values(self) -> tuple[float, ...]:
        """The values beyond which membership falls below each of ``KNOT_LEVELS``."""
        stricter = max if self.one.better == "more" else min
        return tuple(stricter(pair) for pair in zip(self.one.values, self.other.values, strict=True))

    def __call__(self, value: Floats, sigma: Floats | None = None) -> Floats:
        """Return the lower of the two memberships.

        Parameters
        ----------
        value : float64 (n,), in the criterion's unit, NaN unknown
        sigma : handed on to both

        Returns
        -------
        float64 (n,), 0-1, NaN where the value is NaN
        """
        return np.minimum(self.one(value, sigma), self.other(value, sigma))
