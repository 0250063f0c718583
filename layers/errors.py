"""What can go wrong below the web: one class per cause, one sentence per message, no SQL and no path in it."""


class LayersError(Exception):
    """Base of every refusal of this package; its text may be shown to a user."""


class DatabaseUnavailable(LayersError):
    """There is no PostGIS to talk to, or it answers too slowly."""


class DataRefused(LayersError):
    """A file or row that cannot be loaded; names file, row, field and what was expected."""


class NotFound(LayersError):
    """There is no such layer, district, plot, run or load."""


class NotAllowed(LayersError):
    """The caller's audience does not reach this layer, attribute or action."""


class BadFilter(LayersError):
    """A filter that cannot be understood or names what does not exist for this audience."""
