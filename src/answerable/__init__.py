"""answerable: from raw evidence about a technology to findings that hold up.

The public face is small and costs nothing to import; everything behind it is loaded when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["ask", "look", "methods", "open_case"]

if TYPE_CHECKING:
    from answerable.asking import ask
    from answerable.case import open_case
    from answerable.core.method import methods
    from answerable.tabular.look import look

_HOMES = {
    "ask": "answerable.asking",
    "look": "answerable.tabular.look",
    "methods": "answerable.core.method",
    "open_case": "answerable.case",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
