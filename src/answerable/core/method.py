"""Methods: pure functions from tables and parameters to an `Answer`, registered by a decorator.

No class to construct, no list to edit: a function under `@method` in `areas/<area>/measures/<noun>.py` (or in
`measures.py`, while an area has few) is found by its name, area.noun.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from answerable.core.signature import Parameter, docstring_section, parameters, parse_all
from answerable.errors import ParameterError, nearest

if TYPE_CHECKING:
    from answerable.core.estimate import Answer
    from answerable.core.table import Table

Function = Callable[..., "Answer"]


@dataclass(frozen=True, slots=True)
class Method:
    """A registered method: what it reads, what it answers, where it comes from, which rights it bears on.

    The tables named in `reads` are the function's positional arguments, in their order, as Ibis tables. A table whose
    argument is None by default may be left out.
    """

    name: str
    reads: tuple[Table, ...]
    source: str
    rights: tuple[str, ...]
    function: Function

    @property
    def summary(self) -> str:
        """First line of the docstring: what the method estimates or looks for."""
        return inspect.cleandoc(self.function.__doc__ or "").splitlines()[0]

    @property
    def text(self) -> str:
        """The docstring, whole."""
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def needs(self) -> tuple[Table, ...]:
        """The tables that it cannot do without."""
        given = inspect.signature(self.function).parameters.values()
        return tuple(
            table for table, one in zip(self.reads, given, strict=False) if one.default is inspect.Parameter.empty
        )

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters, from the signature and the docstring."""
        return parameters(self.function)

    @property
    def raises(self) -> Mapping[str, str]:
        """When the method refuses to answer, from the docstring."""
        return docstring_section(self.function, "Raises")

    def parse(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters from what was given; raises ParameterError."""
        return parse_all(self.parameters, given, of=self.name)


_METHODS: dict[str, Method] = {}


def method(
    name: str, *, reads: Sequence[Table], source: str, rights: Sequence[str] = ()
) -> Callable[[Function], Function]:
    """Register a function as the method `name` ("area.noun").

    Args:
        name: area and noun, joined by a dot.
        reads: declared tables that the function takes, in order.
        source: author, year and place of the method.
        rights: ids in the catalogue of rights that its findings bear on.

    Raises:
        ValueError: the name is taken, or not of the form area.noun.
    """
    if len(name.split(".")) != 2 or name != name.lower():
        raise ValueError(f"{name!r}: a method is named area.noun")
    if name in _METHODS:
        raise ValueError(f"method {name} exists already, in {_METHODS[name].function.__module__}")

    def register(function: Function) -> Function:
        _METHODS[name] = Method(name, tuple(reads), source, tuple(rights), function)
        return function

    return register


def methods() -> dict[str, Method]:
    """Every registered method by name, after importing the measures of every area."""
    for area in areas():
        for room in ("read", "measures"):
            room_modules(area, room)
    return dict(sorted(_METHODS.items()))


def find_method(name: str) -> Method:
    """The method of that name; imports only its own module and the readers of its area.

    Raises:
        ParameterError: there is none; the nearest names are offered.
    """
    area, _, noun = name.partition(".")
    if area in areas():
        room_modules(area, "read")  # also where the method itself was imported before
        if name not in _METHODS:
            room_modules(area, "measures", noun)
    if name not in _METHODS:
        raise ParameterError(f"There is no method {name!r}. {nearest(name, methods())}")
    return _METHODS[name]


def areas() -> list[str]:
    """Names of the areas, from the folders that there are."""
    return sorted(module.name for module in pkgutil.iter_modules(importlib.import_module("answerable.areas").__path__))


def room_modules(area: str, room: str, only: str = "") -> list[ModuleType]:
    """The modules of a room of an area (read, measures), imported: the one file, or those in the folder.

    Args:
        area: name of the area.
        room: name of the room; an area may lack it.
        only: import this module of the folder alone, where there is one of that name.
    """
    name = f"answerable.areas.{area}.{room}"
    if importlib.util.find_spec(name) is None:
        return []
    found = importlib.import_module(name)
    within = [module.name for module in pkgutil.iter_modules(getattr(found, "__path__", []))]
    chosen = [only] if only in within else within
    return [found, *(importlib.import_module(f"{name}.{module}") for module in chosen)]
