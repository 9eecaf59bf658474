"""Units in which phones keep times, and their conversion to UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

MAC_SECONDS = "seconds since 2001-01-01 UTC"
MAC_NANOSECONDS = "nanoseconds since 2001-01-01 UTC"
UNIX_SECONDS = "seconds since 1970-01-01 UTC"
UNIX_MILLISECONDS = "milliseconds since 1970-01-01 UTC"
UNIX_MICROSECONDS = "microseconds since 1970-01-01 UTC"
UNIX_NANOSECONDS = "nanoseconds since 1970-01-01 UTC"
WINDOWS_MICROSECONDS = "microseconds since 1601-01-01 UTC"
ISO = "ISO 8601"
LOCAL = "local time of the phone, zone not said"

_UNITS: dict[str, tuple[int, int]] = {
    MAC_SECONDS: (978_307_200, 1),
    MAC_NANOSECONDS: (978_307_200, 10**9),
    UNIX_SECONDS: (0, 1),
    UNIX_MILLISECONDS: (0, 10**3),
    UNIX_MICROSECONDS: (0, 10**6),
    UNIX_NANOSECONDS: (0, 10**9),
    WINDOWS_MICROSECONDS: (-11_644_473_600, 10**6),
}
"""For each unit the origin in seconds since 1970 and how many make a second."""

_FIRST, _LAST = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999, in seconds since 1970: what any library can show."""


def utc(values: pa.Array | pa.ChunkedArray, unit: str) -> pa.Array:
    """Times as timestamps in UTC with microseconds.

    Args:
        values: numbers of the unit. 0 means never, as phones use it; it and what lies outside of the years 1 to 9999
            become null. Whole numbers are converted exactly.
        unit: one of the numeric units of this module.

    Returns:
        Timestamps, as many as values.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    origin, ticks = _UNITS[unit]
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    known = np.array(pc.fill_null(pc.not_equal(values, 0), False))
    if pa.types.is_integer(values.type):
        numbers = np.array(pc.fill_null(values, 0))
        known &= (numbers // ticks >= _FIRST - origin) & (numbers // ticks <= _LAST - origin)
        numbers = np.where(known, numbers, 0)
        micro = numbers * (10**6 // ticks) if ticks <= 10**6 else numbers // (ticks // 10**6)
    else:
        floats = np.array(pc.fill_null(values, 0.0), dtype=float)
        known &= np.isfinite(floats)
        floats = np.where(known, floats, 0.0) / ticks
        known &= (floats >= _FIRST - origin) & (floats <= _LAST - origin)
        micro = np.round(np.where(known, floats, 0.0) * 1e6).astype(np.int64)
    return pa.array(micro + origin * 10**6, pa.int64(), mask=~known).cast(pa.timestamp("us", tz="UTC"))


def is_number(unit: str) -> bool:
    """Whether the unit counts from an origin, so that `utc` converts it."""
    return unit in _UNITS


def utc_of(value: Any, unit: str) -> Any:
    """One number as a datetime in UTC; None where it is none, 0, or outside of the years 1 to 9999."""
    import pyarrow as pa

    if not isinstance(value, (int, float)) or isinstance(value, bool) or (isinstance(value, int) and abs(value) >> 63):
        return None
    return utc(pa.array([value], pa.int64() if isinstance(value, int) else pa.float64()), unit)[0].as_py()
