"""The first page of docs/profiles: all definitions, each with a line and a link."""

from __future__ import annotations

from pages.definitions import FORMS
from pages.links import heading
from pages.markdown import anchor, page, section, table
from pages.sources import Json, definitions, extensions, profiles

_ABOUT = """\
FHIR is a standard for records of health: it has kinds of resources, such as an appointment or
a goal, and each kind has elements. A **profile** says which of them we use, what for, and what
has to be there, so that somebody else's program can rely on it. These pages say the same as
the files in `profiles/`, for people: nobody needs a tool for FHIR to read them. The examples
are synthetic."""

_READING = """\
Each profile has a table of its elements.

- **element**: the name in the resource; `participant.actor` is `actor` within `participant`.
  `[x]` stands for a type: `value[x]` is written as `valueQuantity` where it is a Quantity. What
  stands after a colon is the name of one of several: `extension:attendance` is the extension of
  that name.
- **how many**: `0..1` none or one, `1..1` exactly one, `0..*` any number, `1..*` at least one.
  Within something that may be missing, it counts where that is there.
- **type**: what it is. A `CodeableConcept` is a code or words or both, a `Coding` a code with its
  system, a `Quantity` a number with a unit, a `Reference` says whom or what is meant, mostly by
  an identifier.
- **what stands there**: from which codes it comes, what it always says, which of its parts are
  there and which are not; of a part that may be missing, what it has where it is there.
- **must-support**: yes is said of all that we write, at some time at least. What has no row we
  never write. A reader that knows these rows understands all of it.
- **what it means**: why it is there.

Rules between elements are told in words, and in FHIRPath, the language in which FHIR writes
conditions. The tables are of FHIR R4, and hold for R4B. Under *In R5* stands what has another
name there. On R4 a resource names its profiles in `meta.profile`."""

_GROUPS = {
    "Ratings": (
        *("alliance-questionnaire", "alliance-response", "alliance-observation"),
        *("alliance-panel", "alliance-score"),
    ),
    "Visits": ("visit-appointment", "no-show-appointment", "visit-referral", "outreach-task"),
    "Shared plans": (
        *("shared-care-plan", "shared-care-team", "agreed-goal", "plan-task"),
        *("plan-service-request", "plan-medication-request", "plan-communication-request"),
        *("plan-observation", "plan-preference", "plan-barrier", "plan-adherence", "plan-score"),
        "plan-response",
    ),
    "Measures": ("engagement-measure", "engagement-report"),
    "Where it comes from": ("alliance-provenance", "alliance-device"),
}
"""The profiles by what they are about; others come last."""


def pages() -> dict[str, str]:
    """The page."""
    return {
        "profiles/README.md": page(
            "profiles/",
            "Profiles, and all other definitions",
            _ABOUT,
            section("How to read these pages", _READING),
            section("Profiles", *_profiles()),
            section("Extensions", _list(extensions(), "extensions.md")),
            *(
                section(title, _list(definitions(kind), "terminology.md", kind))
                for title, kind in (
                    ("Value sets", "ValueSet"),
                    ("Code systems", "CodeSystem"),
                    ("Maps from the codes of others", "ConceptMap"),
                )
            ),
            section("Measures", _list(definitions("Measure"), "measures.md")),
            section(
                "What servers have to do", _list(definitions("CapabilityStatement"), "servers.md")
            ),
            section("Forms", _FORMS, _forms()),
        )
    }


_FORMS = "The forms of instruments are told of with [the instruments](../instruments/README.md)."


def _profiles() -> list[str]:
    grouped = {id_ for group in _GROUPS.values() for id_ in group}
    rest = tuple(id_ for id_ in profiles() if id_ not in grouped)
    return [
        section(title, table(_HEAD, (_profile(i) for i in ids if i in profiles())), level=3)
        for title, ids in {**_GROUPS, "Others": rest}.items()
    ]


_HEAD = ("profile", "of", "what it is for")


def _profile(id_: str) -> tuple[str, str, str]:
    body = profiles()[id_]
    return f"[{body['title']}]({id_}.md)", body["type"], body["description"]


def _list(found: dict[str, Json], path: str, kind: str = "") -> str:
    rows = []
    for id_, body in found.items():
        place = anchor(heading(kind, id_)) if kind else id_
        about = body.get("description", "").partition("\n")[0]
        rows.append((f"[{id_}]({path}#{place})", body.get("title", id_), about))
    return table(("id", "title", "what it is"), rows)


def _forms() -> str:
    found = {id_: definitions("Questionnaire")[id_] for id_ in FORMS}
    rows = (
        (f"[{id_}](forms.md#{anchor(b['title'] + f' ({id_})')})", b["title"], b["description"])
        for id_, b in found.items()
    )
    return table(("id", "title", "what it is"), rows)
