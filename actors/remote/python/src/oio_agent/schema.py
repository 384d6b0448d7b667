"""Checks values against the protocol's JSON Schema, and turns messages into bytes and back.

The schema is that of the protocol itself, as `npm run eap:schema` writes it. Of JSON Schema this knows the words that
stand in it; one that it does not know is a defect, which the tests look for.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, cast

Shape = Mapping[str, Any]


def _matches(value: str, pattern: str) -> bool:
    return _pattern(pattern).search(value) is not None


@cache
def _pattern(text: str) -> re.Pattern[str]:
    # Python's `$` and `\d` match more than those of JSON Schema.
    return re.compile(re.sub(r"(?<!\\)\$", r"\\Z", text), re.ASCII)


_TYPES: dict[str, Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (isinstance(value, int) and not isinstance(value, bool)) or _is_whole(value),
}
_BOUNDS: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: value >= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "maximum": lambda value, bound: value <= bound,
    "minLength": lambda value, bound: len(value) >= bound,
    "maxLength": lambda value, bound: utf16_length(value) <= bound,
    "minItems": lambda value, bound: len(value) >= bound,
    "maxItems": lambda value, bound: len(value) <= bound,
    "pattern": _matches,
}
KNOWN_WORDS = frozenset(
    {*_BOUNDS, "type", "const", "enum", "properties", "required", "items", "anyOf", "oneOf", "$ref"}
    | {"propertyNames", "additionalProperties", "default", "description", "format", "contentEncoding"}
)


class Unreadable(ValueError):
    """The value is not of its shape; the message says where and why."""


@cache
def definitions() -> Mapping[str, Shape]:
    """The shapes by name: `AgentOut.progress`, `AgentIn`, …"""
    text = files(__package__).joinpath("eap.schema.json").read_text("utf-8")
    return cast("Mapping[str, Shape]", json.loads(text)["$defs"])


def check(name: str, value: object) -> None:
    """Raises `Unreadable` where `value` is not of the shape `name`. Unknown fields are no fault."""
    fault = _fault(definitions()[name], value, name)
    if fault is not None:
        raise Unreadable(fault)


def encode(message: object) -> bytes:
    """Raises ValueError for what JSON does not have, as NaN."""
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode()


def decode(body: bytes) -> object:
    """Raises ValueError for whatever is not JSON in UTF-8."""
    try:
        return json.loads(body.decode("utf-8", "strict"), parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def utf16_length(text: str) -> int:
    """As the orchestrator counts characters."""
    return len(text) + sum(1 for character in text if character > "\uffff")


def clip(text: str, units_max: int) -> str:
    """Shortens to `units_max` UTF-16 units, never through the middle of a character."""
    whole = text.encode("utf-16-le", "surrogatepass")
    # Halves of characters cannot be stored; they become U+FFFD.
    if len(whole) <= 2 * units_max:
        return whole.decode("utf-16-le", "replace")
    return whole[: 2 * (units_max - 1)].decode("utf-16-le", "ignore") + "…"


def _fault(shape: Shape, value: object, at: str) -> str | None:
    if "$ref" in shape:
        return _fault(definitions()[shape["$ref"].removeprefix("#/$defs/")], value, at)
    options = shape.get("anyOf") or shape.get("oneOf")
    if options is not None:
        faults = [_fault(option, value, at) for option in options]
        return None if None in faults else "; ".join(dict.fromkeys(fault or "" for fault in faults))
    types = shape.get("type", [])
    if types and not any(_TYPES[one](value) for one in ([types] if isinstance(types, str) else types)):
        return f"{at} is no {types}"
    if "const" in shape and value != shape["const"]:
        return f"{at} is not {shape['const']!r}"
    if "enum" in shape and value not in shape["enum"]:
        return f"{at} is none of {', '.join(map(str, shape['enum']))}"
    return _fault_of_bounds(shape, value, at) or _fault_within(shape, value, at)


def _fault_of_bounds(shape: Shape, value: object, at: str) -> str | None:
    if value is None:
        return None
    for word, holds in _BOUNDS.items():
        if word in shape and not holds(value, shape[word]):
            return f"{at}: {word} is {shape[word]}"
    return None


def _fault_within(shape: Shape, value: object, at: str) -> str | None:
    if isinstance(value, list) and "items" in shape:
        return _first(_fault(shape["items"], one, f"{at}[{index}]") for index, one in enumerate(value))
    if not isinstance(value, dict):
        return None
    missing = [name for name in shape.get("required", []) if name not in value]
    if missing:
        return f"{at} lacks {', '.join(missing)}"
    known = shape.get("properties", {})
    names = shape.get("propertyNames", {})
    others = shape.get("additionalProperties", {})
    return _first(
        fault
        for name, one in value.items()
        for fault in (_fault(names, name, at), _fault(known.get(name, others), one, f"{at}.{name}"))
    )


def _first(faults: Iterable[str | None]) -> str | None:
    return next((fault for fault in faults if fault is not None), None)


def _is_whole(value: object) -> bool:
    return isinstance(value, float) and value.is_integer()


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
