"""A plan as the text of a document, as a person wants to edit it.

Keys come in the order of the models, which is that of the reference. Our own reader takes what
stands without quotation marks as its place has it, and other readers do not: so text stands in
quotation marks where YAML, 1.1 or 1.2, would read something else. Days, times, numbers and truths
stand without.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, cast, get_origin

import yaml

from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.plan.values import DAY
from alliance_fhir.sources.plans.breaches import models
from alliance_fhir.sources.plans.document import as_values

_WIDTH = 96
"""Columns, as far as words allow it."""
_LONG = 72
"""Characters of one line: text that has more is folded, and is edited as prose is."""
_NUMBERS = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+)\Z"
)
"""As the core schema of YAML 1.2 has them; PyYAML knows those of 1.1."""
_HEAD = ("status", "replaces")
"""The last keys of what stands at the top: which plan it is, and which version."""


def as_json(plan: SharedPlan) -> str:
    """The text of a document in JSON, in UTF-8 as it is written."""
    return json.dumps(as_values(plan), ensure_ascii=False, indent=2) + "\n"


def as_yaml(plan: SharedPlan) -> str:
    """The text of a document in YAML, in block style."""
    return "".join(_sections(as_values(plan)))


def _sections(values: dict[str, Any]) -> Iterator[str]:
    """Each key with its value; with an empty line between what has an inner structure."""
    before = ""
    for name, value in values.items():
        headed = before in _HEAD and name not in _HEAD
        if headed or (before and (_structured(value) or _structured(values[before]))):
            yield "\n"
        yield block({_Bare(name): _marked(value, name)})
        before = name


def block(values: dict[str, Any]) -> str:
    """Keys with their values, in block style."""
    return cast(
        "str",
        _YAML.dump(
            values,
            Dumper=_Dumper,
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=False,
            width=_WIDTH,
        ),
    )


def _structured(value: Any) -> bool:
    first: Any = next(iter(cast("list[Any]", value)), None) if isinstance(value, list) else value
    return isinstance(first, dict)


def _marked(value: Any, key: str) -> Any:
    """The value with what stands without quotation marks in any case: days, times, and all keys but
    the names of goals and medicines."""
    if isinstance(value, list):
        return [_marked(one, key) for one in cast("list[Any]", value)]
    if isinstance(value, dict):
        told = cast("dict[str, Any]", value)
        free = key in _by_name()
        return {name if free else _Bare(name): _marked(one, name) for name, one in told.items()}
    return _Bare(value) if isinstance(value, str) and key in _dates() else value


@cache
def _dates() -> frozenset[str]:
    """The keys of days and times."""
    start = DAY.removesuffix("$")
    found = (
        name
        for model in models().values()
        for name, told in model.model_json_schema()["properties"].items()
        if start in json.dumps(told)
    )
    return frozenset(found)


@cache
def _by_name() -> frozenset[str]:
    """The keys that hold something by the names of goals or tasks."""
    return frozenset(
        name
        for model in models().values()
        for name, field in model.model_fields.items()
        if get_origin(field.annotation) is dict
    )


# --- what PyYAML is to do -------------------------------------------------------------------------

_YAML: Any = yaml  # the types of PyYAML do not say what a dumper takes


class _Bare(str):
    """What stands without quotation marks."""

    __slots__ = ()


class _Dumper(_YAML.SafeDumper):
    """Lists stand deeper than their keys, as people write them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        yaml.SafeDumper.increase_indent(self, flow, False)


def _bare(dumper: Any, value: _Bare) -> Any:
    tag = dumper.resolve(yaml.ScalarNode, str(value), (True, False))
    return dumper.represent_scalar(tag, str(value))


def _text(dumper: Any, value: str) -> Any:
    """Several lines as they are, one long line folded; PyYAML falls back to quotation marks where
    that would say something else."""
    style = "|" if "\n" in value else ">" if len(value) > _LONG else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style)


_Dumper.add_representer(_Bare, _bare)
_Dumper.add_representer(str, _text)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _NUMBERS, None)
