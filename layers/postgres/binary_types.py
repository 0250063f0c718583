"""The table of types: how PostgreSQL sends and takes values in its binary form, and how NumPy holds them.

PostgreSQL 15, COPY in binary format, and array_send: fields are length-prefixed, numbers big-endian. ``copy_columns``
writes by this table, ``read_arrays`` reads by it; nothing else knows the form.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import REAL, BigInteger, Boolean, Date, Float, Integer, SmallInteger

# Before and after all rows of a COPY stream: signature, flags and header extension; field count -1.
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"  # length -1
# Before the elements of an array of one dimension: dimensions, flag, element type, then length and lower bound.
ARRAY_HEAD_BYTES = 20
REAL_OID, VARCHAR_OID = 700, 1043  # PostgreSQL pg_type.dat
FIRST_DAY = np.datetime64("2000-01-01", "D")  # PostgreSQL counts days from here


class FixedType(NamedTuple):
    """A type whose values all take the same bytes: as declared, as sent (big-endian), and as held when read."""

    declared: type[Any]
    sent: str
    held: type[Any]


FIXED = (  # narrower types first: each is a subclass of a wider one
    FixedType(Boolean, "u1", np.bool_),
    FixedType(BigInteger, ">i8", np.int64),
    FixedType(SmallInteger, ">i2", np.int64),
    FixedType(Integer, ">i4", np.int64),
    FixedType(REAL, ">f4", np.float64),
    FixedType(Float, ">f8", np.float64),
    FixedType(Date, ">i4", np.int64),  # days since FIRST_DAY
)


def fixed_type(declared: object) -> FixedType | None:
    """Return how values of a column's type are sent; None if they differ in length."""
    return next((known for known in FIXED if isinstance(declared, known.declared)), None)
