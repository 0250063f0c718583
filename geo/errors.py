"""What can be wrong with what the science is asked to do. Each message is one sentence a planner understands."""


class SuitabilityError(ValueError):
    """Base of every refusal of this package."""


class SchemeError(SuitabilityError):
    """A scheme or profile file says something that does not hold together; names file and key."""


class CrsError(SuitabilityError):
    """Geometry that is not in the working CRS, or outside the area it is good for."""


class GridError(SuitabilityError):
    """A grid that cannot be used: wrong shape, wrong unit, no overlap."""


class TableError(SuitabilityError):
    """A table of crop limits, station data or judgements with a wrong row; names file, row and field."""


class GeometryError(SuitabilityError):
    """Geometry of a kind that cannot be measured this way; names its row."""


class NotAssessed(SuitabilityError):
    """A criterion that cannot be measured at all here: a layer is not loaded, a grid is too coarse."""
