"""What is said of a slip in a file of settings or facts: where it is, and what would be right.

Never the value that stands there: it may be a secret, or a patient's.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, cast, get_args

from pydantic import BaseModel, ValidationError

_TEXT, _NUMBER = "must be text in quotes", "must be a number"
_WHOLE, _YES_NO = "must be a whole number", "must be true or false"
_DAY, _LIST, _TABLE = "must be a day such as 2026-03-02", "must be a list", "must be a table"
_RULES = {
    "missing": "is missing; add it",
    "extra_forbidden": "is no key that we know",
    "literal_error": "must be {expected}",
    "string_type": _TEXT,
    "string_too_short": "is too short; characters at least: {min_length}",
    "string_too_long": "is too long; characters at most: {max_length}",
    "too_short": "has too few entries; at least: {min_length}",
    "path_type": "must be a path",
    "bool_type": _YES_NO,
    "bool_parsing": _YES_NO,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "tuple_type": _LIST,
    "dict_type": _TABLE,
    "model_type": _TABLE,
    "model_attributes_type": _TABLE,
}
"""By pydantic's names of what can be wrong."""


class UnreadableError(Exception):
    """A file that is no TOML; says why, and nothing of what stands in it."""


def told_in(file: Traversable | Path) -> dict[str, Any]:
    """What a TOML file says; what some editors put before its first character is passed over.

    Raises UnreadableError.
    """
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8-sig"))
        nul = _holds_nul(told)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UnreadableError("cannot be read: it is not in UTF-8; save it so") from None
    except tomllib.TOMLDecodeError as error:
        raise UnreadableError(f"cannot be read as TOML: {error}") from None
    except RecursionError:
        raise UnreadableError("cannot be read as TOML: it is nested too deep") from None
    except ValueError:  # Python's own limit, of which tomllib does not know
        raise UnreadableError("cannot be read as TOML: a number in it is too long") from None
    if nul:
        raise UnreadableError("a text in it holds the character NUL; take it out")
    return told


def _holds_nul(told: object) -> bool:
    """Whether there is a NUL in a text: no path, URL or variable of the environment has one."""
    if isinstance(told, dict):
        return any(map(_holds_nul, cast("dict[str, object]", told).values()))
    if isinstance(told, list):
        return any(map(_holds_nul, cast("list[object]", told)))
    return isinstance(told, str) and "\0" in told


def slip(error: ValidationError, place: str = "", model: type[BaseModel] | None = None) -> str:
    """The first key that is wrong, and what it must be.

    `place` is what its name begins with. With the `model` that was to be made, a key that there is
    not comes with the nearest one.
    """
    errors = error.errors(include_url=False, include_input=False)
    first = errors[0]
    if first["type"] == "missing":  # a key that is misspelt is missing, too
        first = next((one for one in errors if one["type"] == "extra_forbidden"), first)
    key = ".".join([*([place] if place else []), *map(str, first["loc"])])
    rule = _RULES.get(first["type"], "")
    told = rule.format(**first.get("ctx", {})) if rule else first["msg"]
    if first["type"] == "extra_forbidden" and model:
        near = difflib.get_close_matches(str(first["loc"][-1]), _keys(model, first["loc"]), n=1)
        told += f"; did you mean {near[0]}?" if near else ""
    return ": ".join(filter(None, (key, told.removeprefix("Value error, "))))


def _keys(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """The keys that there are where one was found that there is not."""
    for part in place[:-1]:
        if part in model.model_fields:  # else it is a number or a name within the field before
            model = _model_in(model.model_fields[str(part)].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model of a field, or of what it holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
