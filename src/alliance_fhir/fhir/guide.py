"""The ImplementationGuide of the FHIR package: which package it is, on which others it rests, what
is in it, and of which profile each example is.

Its URL is the package's canonical with its id, as https://hl7.org/fhir/R5/packages.html asks for.
"""

from __future__ import annotations

from collections.abc import Mapping

from alliance_fhir._version import __version__
from alliance_fhir.canonicals import IG
from alliance_fhir.fhir.package import File, Package, file_content
from alliance_fhir.fhir.questionnaire import PUBLISHER
from alliance_fhir.fhir.versions import Json

TITLE = "alliance-fhir"
ABOUT = (
    "The therapeutic alliance, shared care plans and visits in FHIR: profiles, extensions, code "
    "systems, value sets, questionnaires and measures."
)
SDC = "hl7.fhir.uv.sdc"
_TYPE = "ImplementationGuide"
_GUIDES = {
    "hl7.fhir.uv.extensions": "http://hl7.org/fhir/extensions",
    SDC: "http://hl7.org/fhir/uv/sdc",
}
"""The canonicals of guides, by the beginning of their packages' names; FHIR itself is none."""


def guide(package: Package, id_: str, release: str, rests_on: Mapping[str, str]) -> File:
    """The guide of a package, which has this id and is of this release of FHIR: `rests_on` are the
    other packages, with their versions."""
    definitions = [_listed(file.body) for file in package.definitions]
    examples = [_example(file.body, r4=release == "4.0.1") for file in package.examples]
    body: Json = {
        "resourceType": _TYPE,
        "id": id_,
        "url": f"{IG}/{_TYPE}/{id_}",
        "version": __version__,
        "name": "AllianceFhir",
        "title": TITLE,
        "status": "active",
        "experimental": False,
        "publisher": PUBLISHER,
        "description": ABOUT,
        "packageId": id_,
        "license": "Apache-2.0",
        "fhirVersion": [release],
        "dependsOn": [*_guides(rests_on)],
        "definition": {"resource": [*definitions, *examples]},
    }
    return File(f"{_TYPE}-{id_}.json", file_content(body), body)


def _guides(rests_on: Mapping[str, str]) -> list[Json]:
    return [
        {"uri": f"{url}/{_TYPE}/{stem}", "packageId": name, "version": version}
        for name, version in rests_on.items()
        for stem, url in _GUIDES.items()
        if name.startswith(stem)
    ]


def _listed(body: Json) -> Json:
    where = {"reference": f"{body['resourceType']}/{body['id']}"}
    about = {"description": body["description"]} if "description" in body else {}
    return {"reference": where, "name": body["title"], **about}


def _example(body: Json, *, r4: bool) -> Json:
    """Of a resource that claims several profiles the name of the file says which it is of."""
    where = {"reference": f"{body['resourceType']}/{body['id']}"}
    profile = next(url for url in body["meta"]["profile"] if url.endswith(f"/{body['id']}"))
    told = {"exampleCanonical": profile} if r4 else {"isExample": True, "profile": [profile]}
    return {"reference": where, "name": f"Example of {body['id']}", **told}
