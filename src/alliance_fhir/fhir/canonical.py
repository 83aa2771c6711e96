"""What "equal" means, once: our content against what a server gave back.

The canonical text of a resource leaves out what servers add or rewrite (id, meta, narrative, and
the snapshot of a definition, which follows from the rest of it), what depends on history (that a
status says corrected or amended), and our own digest. References count by their identifier where
they have one. Keys and extensions are sorted; 70.10 equals 70.1; a time equals itself in another
zone. The digest of that text travels with the resource, so that content which no longer fits it was
edited by somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Any, cast

import orjson

from alliance_fhir.domain.records import in_utc
from alliance_fhir.fhir.elements import CONTENT_DIGEST, KEPT_BY_OTHERS
from alliance_fhir.fhir.versions import Json
from alliance_fhir.received import objects, part, parts, text

_LEFT_OUT = frozenset({"id", "meta", "text", "implicitRules", "snapshot"})
_HISTORY = {
    "QuestionnaireResponse": {"amended": "completed"},
    "Observation": {"amended": "final", "corrected": "final"},
}
"""Statuses that say how often a thing was corrected, and the ones that they stand for."""

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_LIKE_A_TIME = re.compile(rb"T\d\d:\d\d:")
_TIMES = frozenset(
    {"authored", "created", "effectiveDateTime", "end", "occurrenceDateTime", "start"}
)
"""The elements of what we build as it is canonical that may hold a time, and no day alone."""
_VERSIONED = re.compile(r"^(?:.*/)?([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})(?:/_history/.*)?$")


@lru_cache(maxsize=4096)
def plain_number(value: Any) -> Any:
    """A Decimal for the canonical text: without trailing zeros. For orjson's `default`."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} is not JSON")
    if value == value.to_integral_value():
        whole = int(value)  # orjson's own end at 64 bits
        return whole if abs(whole) < 2**63 else orjson.Fragment(str(whole))
    return orjson.Fragment(format(value.normalize(), "f"))


def exact_number(value: Any) -> Any:
    """A Decimal as it was written: 3.70 stays 3.70. For orjson's `default`."""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise TypeError(f"{type(value).__name__} is not JSON")
    return orjson.Fragment(format(value, "f"))


def dumps(resource: Json) -> bytes:
    """A resource as JSON, decimals exact."""
    return orjson.dumps(resource, exact_number)


def digest(canonical: Any) -> str:
    """The digest of a value in canonical form: 32 hexadecimal digits."""
    text = orjson.dumps(canonical, plain_number, orjson.OPT_SORT_KEYS)
    return blake2b(text, digest_size=16).hexdigest()


def content_digest(resource: Json) -> str:
    """The digest of a resource's content, whoever made it and wherever it was."""
    return digest(canonical(resource))


def same_content(came: Json, sent: Json) -> bool:
    """Whether what came back has the content of what was sent, part by part: most of it is spelt
    alike, which is told in a sixth of the time of a digest. False where only that can tell."""
    if came.keys() - _LEFT_OUT != sent.keys() - _LEFT_OUT:
        return False
    for key, value in came.items():
        if key in _LEFT_OUT or _located(value, ours := sent[key]):
            continue
        if _value(value, key) != _value(ours, key):
            return False
    return True


def _located(came: Any, sent: Any) -> bool:
    """Whether this came back as it was sent, but for the places beside references by identifier."""
    if came == sent:
        return True
    if isinstance(came, list) and isinstance(sent, list):
        those, ours = cast("list[Any]", came), cast("list[Any]", sent)
        return len(those) == len(ours) and all(map(_located, those, ours))
    if not isinstance(came, dict) or not isinstance(sent, dict):
        return False
    it, ours = cast("Json", came), cast("Json", sent)
    if "identifier" in it and "reference" in it:
        plain = it.copy()
        del plain["reference"]
        return plain == ours
    return it.keys() == ours.keys() and all(_located(it[key], ours[key]) for key in it)


def claimed_digest(resource: Json) -> str:
    """The digest that a resource carries, or nothing where it is not one of ours."""
    ours = (e for e in parts(resource, "extension") if e.get("url") == CONTENT_DIGEST)
    return next((text(extension, "valueString") for extension in ours), "")


def seal(content: str) -> Json:
    """The extension that carries the digest of a resource's content."""
    return {"url": CONTENT_DIGEST, "valueString": content}


def with_seal(resource: Json, content: str) -> Json:
    """The resource with that digest as last extension; it has extensions already, none perhaps."""
    return {**resource, "extension": [*resource["extension"], seal(content)]}


def sealed(resource: Json) -> tuple[Json, str]:
    """The resource with the digest of its content as last extension, and that digest."""
    content = content_digest(resource)
    start = {key: resource[key] for key in ("resourceType", "meta") if key in resource}
    extensions = [*resource.get("extension", []), seal(content)]
    return {**start, **resource, "extension": extensions}, content


def sealed_as_built(resource: Json, known: Sequence[tuple[str, bytes]] = ()) -> tuple[Json, str]:
    """As `sealed`, in a fraction of the time, for what our own code builds: references by
    identifier alone, no floats, no ids, and several extensions in one place only at the top or
    within these.

    Such a resource is in canonical form but for the order of extensions, and for times. Where a
    text deeper in it looks like a time, all of it is gone through. `known` are the first of its
    extensions as `extension_text` has them, where somebody has that already.
    """
    form = resource.copy()
    for key in _LEFT_OUT:
        form.pop(key, None)
    times = _put_into_utc(form)
    for key in _TIMES:
        if key in form and _INSTANT.fullmatch(form[key]):
            form[key] = _utc(form[key])
            times += 1
    if extensions := form.get("extension"):
        form["extension"] = _ordered(extensions[len(known) :], known)
    text = orjson.dumps(form, plain_number, orjson.OPT_SORT_KEYS)
    if len(_LIKE_A_TIME.findall(text)) != times:
        return sealed(resource)
    content = blake2b(text, digest_size=16).hexdigest()
    return {**resource, "extension": [*resource.get("extension", []), seal(content)]}, content


def is_like_a_time(value: str) -> bool:
    """Whether a text counts as an instant, wherever it stands: in another zone it is the same."""
    return value[4:5] == "-" and bool(_INSTANT.fullmatch(value))


def _put_into_utc(form: Json) -> int:
    """The times in a form's own extensions; how many there are."""
    extensions = form.get("extension", [])
    places = [
        number
        for number, one in enumerate(extensions)
        if "valueDateTime" in one and _INSTANT.fullmatch(one["valueDateTime"])
    ]
    if places:
        form["extension"] = extensions = [*extensions]
    for number in places:
        one = extensions[number]
        extensions[number] = {**one, "valueDateTime": _utc(one["valueDateTime"])}
    return len(places)


def resealed(resource: Json) -> tuple[Json, str]:
    """A resource as it came from a server, changed by us: sealed anew, without what the server adds
    to each version; and the digest of its content."""
    body = {key: value for key, value in resource.items() if key not in ("id", "meta")}
    told = part(resource, "meta")
    if meta := {key: told[key] for key in told.keys() - {"versionId", "lastUpdated"}}:
        body["meta"] = meta
    body["extension"] = [e for e in parts(body, "extension") if e.get("url") != CONTENT_DIGEST]
    return sealed(body)


def canonical(resource: Json) -> Json:
    """The canonical form of a resource; see the module's text for what it leaves out."""
    form: Json = {}
    for key, value in resource.items():
        if key in _LEFT_OUT:
            continue
        if key == "extension":
            value = [e for e in objects(value, key) if e.get("url") != CONTENT_DIGEST]
            if not value:
                continue
        form[key] = _value(value, key)
    same = _HISTORY.get(str(resource.get("resourceType")), {})
    if (status := text(resource, "status")) in same:
        form["status"] = same[status]
    return form


def _value(value: Any, key: str) -> Any:
    if isinstance(value, str):  # most are, and few of them are times
        return _utc(value) if value[4:5] == "-" and _INSTANT.fullmatch(value) else value
    if isinstance(value, dict):
        return _element(cast("Json", value))
    if isinstance(value, list):
        if key.endswith("xtension"):
            return _sorted([_element(item) for item in objects(value, key)])
        return [_value(item, key) for item in cast("list[Any]", value)]
    if isinstance(value, float):
        return Decimal(repr(value))
    return value


def _element(element: Json) -> Json:
    identified = element.get("identifier")
    # a reference is the only element with an identifier of its own inside: who is meant counts,
    # not where that is at this server
    reference = isinstance(identified, dict) and "value" in identified
    left_out = ("reference", "display", "id") if reference else ("id",)
    form = {
        key: value
        if isinstance(value, str) and value[4:5] != "-"  # a call less for most
        else _value(value, key)
        for key, value in element.items()
        if key not in left_out
    }
    if _is_kept(element):  # the mark says where that is; servers have their own way there, or none
        form.pop("reference", None)
    elif not reference and isinstance(where := element.get("reference"), str):
        form["reference"] = _VERSIONED.sub(r"\1", where)
    return form


def _is_kept(element: Json) -> bool:
    """Whether it refers to what belongs to a plan and is kept by others."""
    marks: Any = element.get("extension")
    return isinstance(marks, list) and any(
        isinstance(one, dict) and cast("Json", one).get("url") == KEPT_BY_OTHERS
        for one in cast("list[Any]", marks)
    )


def extension_text(extension: Json) -> tuple[str, bytes]:
    """The URL of an extension of our own, and its canonical text: of such a one nothing but the
    order is to be changed."""
    if "extension" in extension:
        extension = {**extension, "extension": _ordered(extension["extension"])}
    return extension["url"], orjson.dumps(extension, plain_number, orjson.OPT_SORT_KEYS)


def _ordered(extensions: list[Json], known: Sequence[tuple[str, bytes]] = ()) -> list[Any]:
    texts = sorted([*known, *map(extension_text, extensions)])
    return [orjson.Fragment(text) for _, text in texts]


def _sorted(extensions: list[Json]) -> list[Json]:
    """By their URLs; those of one URL by their text, which takes longer to make."""
    if len(extensions) < 2:
        return extensions
    several = len({*map(_url, extensions)}) < len(extensions)
    return sorted(extensions, key=_by_url if several else _url)


def _url(extension: Json) -> str:
    return str(extension.get("url", ""))


def _by_url(extension: Json) -> tuple[str, bytes]:
    return _url(extension), orjson.dumps(extension, plain_number, orjson.OPT_SORT_KEYS)


def _utc(text: str) -> str:
    try:
        return in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return text
