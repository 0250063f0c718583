"""What is said of a layer that was looked at as a whole: message ids, of one and of many."""

from __future__ import annotations

from typing import Final

DOUBLE: Final = "{count} row stands there twice under other keys ({named})."
DOUBLES: Final = "{count} rows stand there twice under other keys ({named})."
OVERLAP: Final = "{count} pair of rows overlaps, by {area} in all ({named})."
OVERLAPS: Final = "{count} pairs of rows overlap, by {area} in all ({named})."
GAP: Final = "{count} gap lies between the rows, {area} in all, the largest {largest}."
GAPS: Final = "{count} gaps lie between the rows, {area} in all, the largest {largest}."
LEFT_OUT_OF: Final = "{layer} leave land of {parent} out: {named}."
SIZE: Final = "{count} row is of an unusual size ({named}); a row of {layer} usually has {least} to {most}."
SIZES: Final = "{count} rows are of an unusual size ({named}); a row of {layer} usually has {least} to {most}."
VERTICES: Final = "{count} row has more than {most} vertices ({named}), which makes tiles and scoring slow."
VERTICES_OF_MANY: Final = "{count} rows have more than {most} vertices ({named}), which makes tiles and scoring slow."
LOST: Final = "{count} row lies in no district and cannot be scored ({named})."
LOST_MANY: Final = "{count} rows lie in no district and cannot be scored ({named})."
OUTLINE: Final = (
    "{count} outline of {layer} agrees with {source} ({date}) to less than {least} %: figures of its area are "
    "doubtful ({named})."
)
OUTLINES: Final = (
    "{count} outlines of {layer} agree with {source} ({date}) to less than {least} %: figures of their area are "
    "doubtful ({named})."
)
AGREED: Final = "Outline of {layer} {key} agrees with {source} ({date}) to {percent} %."
AGREED_MANY: Final = "{count} outlines of {layer} agree with {source} ({date}) to {least} to {most} % ({named})."
NO_UNIT: Final = "{count} outline is of a unit that is not there, and is compared with nothing ({named})."
NO_UNITS: Final = "{count} outlines are of units that are not there, and are compared with nothing ({named})."
NO_SOURCE: Final = "a source that is not stated"
NO_DATE: Final = "no date"

AT_LEAST: Final = "At least {said}"  # where there are more than are looked at
SAME: Final = "{one} is {other}"
BOTH: Final = "{one} and {other} {area}"
PART: Final = "{area} of {key}"
PERCENT: Final = "{key} {percent} %"
ONE: Final = "{key} {what}"

MESSAGES: Final = (
    *(DOUBLE, DOUBLES, OVERLAP, OVERLAPS, GAP, GAPS, LEFT_OUT_OF, SIZE, SIZES, VERTICES, VERTICES_OF_MANY),
    *(OUTLINE, OUTLINES, AGREED, AGREED_MANY, NO_UNIT, NO_UNITS, NO_SOURCE, NO_DATE, PERCENT),
    *(LOST, LOST_MANY, AT_LEAST, SAME, BOTH, PART, ONE),
)
