"""A function's signature as an interface: parameters with types, defaults and meanings, and values parsed to fit.

Methods and readers are decorated functions; the command line, case.toml, the web form and the method card all derive
from
what is read here, so a parameter is written down once.
"""

from __future__ import annotations

import inspect
import math
import re
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Union, Unpack, get_args, get_origin, get_type_hints

from answerable.errors import ParameterError, nearest


@dataclass(frozen=True, slots=True)
class Parameter:
    """One keyword of a method or a reader."""

    name: str
    annotation: Any
    default: Any
    required: bool
    meaning: str

    @property
    def type_text(self) -> str:
        """The type as people read it: "list of text", "yes or no", "one of: holm, none"."""
        return _type_text(self.annotation)

    def parse(self, value: Any) -> Any:
        """The value as the annotated type; text is parsed, anything else must fit already.

        Raises:
            ParameterError: it does not fit; the message says what would.
        """
        try:
            return _parse(self.annotation, value)
        except ValueError as error:
            detail = f" ({error})" if str(error) else ""
            raise ParameterError(f"{self.name} takes {self.type_text}, not {value!r}{detail}.") from None


def parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The keyword-only parameters of a function, with the meanings its docstring gives under "Args:".

    Keywords that several functions share are written down once, in a TypedDict: `**words: Unpack[Words]` adds its keys,
    with the meanings that its own docstring gives; none of them is required.
    """
    meanings = docstring_section(function, "Args")
    namespace = getattr(function, "__globals__", {})
    found = []
    for name, spec in inspect.signature(function).parameters.items():
        if spec.kind not in {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}:
            continue
        annotation = spec.annotation
        if isinstance(annotation, str):
            # Evaluated one by one: the table arguments name types that only type checkers import.
            annotation = eval(annotation, namespace)
        if get_origin(annotation) is Unpack:
            found += _shared(get_args(annotation)[0])
            continue
        required = spec.default is inspect.Parameter.empty
        found.append(Parameter(name, annotation, None if required else spec.default, required, meanings.get(name, "")))
    return tuple(found)


def _shared(words: Any) -> list[Parameter]:
    """The keys of a TypedDict as parameters."""
    meanings = docstring_section(words, "Args")
    return [Parameter(name, kind, None, False, meanings.get(name, "")) for name, kind in get_type_hints(words).items()]


def parse_all(declared: Sequence[Parameter], given: Mapping[str, Any], *, of: str) -> dict[str, Any]:
    """All parameters of `of` from what was given, defaults filled in.

    Raises:
        ParameterError: an unknown name (nearest offered), a required one missing, a value that does not fit.
    """
    known = {parameter.name: parameter for parameter in declared}
    for name in given:
        if name not in known:
            raise ParameterError(f"{of} has no parameter {name!r}. {nearest(name, known)}")
    values = {}
    for name, parameter in known.items():
        if name in given and given[name] is not None:
            values[name] = parameter.parse(given[name])
        elif parameter.required:
            raise ParameterError(f"{of} needs {name}: {parameter.meaning or parameter.type_text}")
        else:
            values[name] = parameter.default
    return values


def docstring_section(function: Callable[..., Any], section: str) -> dict[str, str]:
    """The entries "name: text" of one section of a Google-style docstring."""
    lines = inspect.cleandoc(function.__doc__ or "").splitlines()
    entries: dict[str, str] = {}
    inside, name = False, ""
    for line in lines:
        if re.fullmatch(r"[A-Z][a-z]+:", line):
            inside = line == f"{section}:"
        elif inside and (start := re.match(r"    (\w+): (.*)", line)):
            name = start[1]
            entries[name] = start[2].strip()
        elif inside and name and line.startswith("     "):
            entries[name] += " " + line.strip()
    return entries


def split_list(text: str) -> list[str]:
    """Split at commas, but not within quotes: `a,"b, c"` gives a and b, c."""
    # An apostrophe within a word opens nothing: "Applicant's sex" is one piece.
    pieces = re.findall(r"""((?:"[^"]*"|(?<![^,\s=])'[^']*'|[^,])+)""", text)
    return [
        piece[1:-1] if len(piece) > 1 and piece[0] == piece[-1] and piece[0] in "\"'" else piece
        for piece in (piece.strip() for piece in pieces)
    ]


def split_words(text: str) -> list[str]:
    """A list as it is typed: split at commas, but a condition ("age<25", "level=1,2") is one word."""
    return [text] if re.search(r"[=<>]", text) else split_list(text)


def _parse(annotation: Any, value: Any) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _parse_union(arguments, value)
    if origin is Literal:
        return _parse_literal(arguments, value)
    if origin is not None and issubclass(origin, Mapping):
        return _parse_mapping(arguments[1], value)
    if origin is not None and issubclass(origin, Sequence):
        return _parse_sequence(arguments[0], value)
    if annotation is bool:
        return _parse_bool(value)
    if annotation is int:
        return _parse_number(int, value)
    if annotation is float:
        return _parse_number(float, value)
    if annotation is str:
        if not isinstance(value, str):
            raise ValueError
        return value
    raise TypeError(f"a parameter cannot be annotated {annotation!r}")


def _parse_union(arguments: Sequence[Any], value: Any) -> Any:
    if value is None and type(None) in arguments:
        return None
    reasons = []
    for argument in arguments:
        if argument is type(None):
            continue
        try:
            return _parse(argument, value)
        except ValueError as error:
            reasons.append(str(error))
    raise ValueError("; ".join(filter(None, reasons)))


def _parse_literal(allowed: Sequence[Any], value: Any) -> Any:
    for choice in allowed:
        if value == choice or (isinstance(value, str) and value.casefold() == str(choice).casefold()):
            return choice
    raise ValueError


def _parse_mapping(item: Any, value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {str(key): _parse(item, str(entry) if item is str else entry) for key, entry in value.items()}
    if not isinstance(value, (str, Sequence)):
        raise ValueError
    entries = {}
    for piece in split_list(value) if isinstance(value, str) else value:
        name, equals, entry = str(piece).partition("=")
        if not equals:
            raise ValueError("name=value is meant")
        entries[name.strip()] = _parse(item, entry.strip().strip("\"'"))
    return entries


def _parse_sequence(item: Any, value: Any) -> tuple[Any, ...]:
    if isinstance(value, str):
        value = split_words(value)
    return tuple(_parse(item, piece) for piece in (value if isinstance(value, Sequence) else [value]))


def _parse_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if isinstance(value, str) and value.casefold() in words:
        return words[value.casefold()]
    raise ValueError


def _parse_number(kind: type[int] | type[float], value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError
    number = float(value)
    if not math.isfinite(number) or (kind is int and number != int(number)):
        raise ValueError
    return kind(value)


def _type_text(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(_type_text(argument) for argument in arguments if argument is not type(None))
    if origin is Literal:
        return "one of: " + ", ".join(str(choice) for choice in arguments)
    if origin is not None and issubclass(origin, Mapping):
        return "name=value pairs" if arguments[1] is str else f"name=value pairs, each value {_type_text(arguments[1])}"
    if origin is not None and issubclass(origin, Sequence):
        return f"a list of {_type_text(arguments[0])}"
    return {bool: "yes or no", int: "a whole number", float: "a number", str: "text"}[annotation]
