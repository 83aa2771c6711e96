"""The checks of what we are about to write; the only place that imports what checks it.

`schema` (the default) holds every resource against a JSON Schema tighter than FHIR, which
`make profiles` makes of our profiles: what comes of shared plans against those of plans, all else
against the others of its type; `models` also against fhir.resources; `sample` does the latter for
one resource in a thousand; `none` trusts the mapping. fhir.resources is one check of several, never
the truth: it has no R4 (R4B stands in) and does not enforce required codes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import jsonschema_rs
import orjson

from alliance_fhir.errors import MappingError
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.versions import Build, Json, Version

Level = Literal["schema", "models", "sample", "none"]
SAMPLE = 1000
"""`sample` checks the first resource of every so many by its model."""


@cache
def _schema(build: Build) -> Json:
    """The schema of all that we write; for R4, R4B or R5 as `Version.build` has it."""
    file = files("alliance_fhir.fhir") / "schema" / f"{build}.json"
    return orjson.loads(file.read_bytes())


@cache
def _validator(name: str, build: Build) -> jsonschema_rs.Draft202012Validator:
    """For a definition in the schema."""
    whole = _schema(build)
    registry = jsonschema_rs.Registry([(whole["$id"], whole)])
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"{whole['$id']}#/$defs/{name}"}, registry=registry
    )


def _name(type_: str, of_plan: bool) -> str:
    """The definition that a resource has to fit: any of the profiles of its type."""
    return f"{'plans' if of_plan else 'rest'}.{type_}"


def _alternatives(name: str, build: Build) -> list[str]:
    """The profiles of which it has to fit one."""
    listed = _schema(build)["$defs"][name]["anyOf"]
    return [one["$ref"].rpartition("/")[2] for one in listed]


def model_class(type_: str, version: Version) -> Any:
    """The class of fhir.resources for a type; R4 takes R4B's."""
    from importlib import import_module  # a model takes 0.5 s to import, once it is asked for

    package = "fhir.resources" + (f".{version.models}" if version.models else "")
    return getattr(import_module(f"{package}.{type_.lower()}"), type_)


def _place(error: jsonschema_rs.ValidationError) -> list[str | int]:
    """The way to the element that is wrong; to one that is missing or too many, too.

    Names of elements are ours, never those of a source.
    """
    kind: Any = error.kind
    path = list(error.instance_path)
    if kind.name == "required":
        return [*path, kind.property]
    if kind.name == "additionalProperties":
        return [*path, kind.unexpected[0]]
    if kind.name == "anyOf" and getattr(kind, "context", None):
        return _place(min(kind.context, key=len)[0])  # what it is most like
    return path


def _weight(errors: Sequence[jsonschema_rs.ValidationError]) -> int:
    """How many elements are wrong."""
    return sum(len(getattr(error.kind, "unexpected", "1")) for error in errors)


def _of_rules(error: jsonschema_rs.ValidationError) -> int:
    """Whether a rule between elements is broken, and not what holds of one alone."""
    return [*error.schema_path].count("allOf")


class Checker:
    """Checks resources of one version of FHIR at one level. Raises MappingError at the first fault.

    The error names the type, the element and the rule, never a value.
    """

    def __init__(self, level: Level, version: Version) -> None:
        self._version = version
        self._seen = 0
        self._is_valid: dict[tuple[str, bool], Callable[[Any], bool]] = {}
        self._schema_on = level != "none"
        self._every = {"models": 1, "sample": SAMPLE}.get(level, 0)

    def check(self, resources: Sequence[Resource], *, of_plan: bool = False) -> None:
        """All of these resources, at this checker's level; `of_plan`: they are a shared plan's."""
        if self._schema_on:
            for resource in resources:
                if not self._valid(resource, of_plan):
                    self._explain(resource, of_plan)
        if self._every:
            for resource in resources:
                if self._seen % self._every == 0:
                    self._model(resource)
                self._seen += 1

    def _valid(self, resource: Resource, of_plan: bool) -> bool:
        check = self._is_valid.get((resource.type, of_plan))
        if check is None:
            check = _validator(_name(resource.type, of_plan), self._version.build).is_valid
            self._is_valid[resource.type, of_plan] = check
        return check(resource.body)

    def _explain(self, resource: Resource, of_plan: bool) -> None:
        """Of several profiles by that to which the resource comes nearest."""
        names = _alternatives(_name(resource.type, of_plan), self._version.build)
        told = [
            [*_validator(name, self._version.build).iter_errors(resource.body)] for name in names
        ]
        error = min(min(told, key=_weight), key=_of_rules)
        where = ".".join(map(str, _place(error))) or "the resource as a whole"
        rule = "/".join(map(str, error.schema_path))
        raise MappingError(f"{resource.type}, {where}: breaks the schema's rule {rule}")

    def _model(self, resource: Resource) -> None:
        from pydantic import ValidationError

        try:
            model_class(resource.type, self._version).model_validate_json(resource.json())
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"])) or "the resource as a whole"
            raise MappingError(
                f"{resource.type}, {where}: fhir.resources says {first['type']}"
            ) from None
