"""An independent form engine: LForms in a headless browser fills in Questionnaires.

    with Forms() as forms:
        response = forms.fill(questionnaire, {"item_1": "3", "item_2": "4"})
        assert values(response)["total"] == 7

It shows that our Questionnaires score themselves as we score them. It is slow (seconds to start, a
quarter of a second a form) and needs Node.js, npm and Chromium; what it fetches, once, is kept in
a cache folder.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from conversing import Conversing
from validator.packages import SetupFailed, cache, made_whole, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["FormFailed", "Forms", "SetupFailed", "ToolMissing", "Typed", "values"]

HERE = Path(__file__).parent
SCRIPT = ("fill.js", "type.js", "package.json", "package-lock.json")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# LForms as npm packs it: installed, it would want all of Angular, which its own bundle holds.
LFORMS = "lforms@40.1.3"
LFORMS_DIGEST = "288cff4360e8a90a44e994a01422d2cf970170000ce915b5739ccc383097edd9"


class ToolMissing(Exception):
    """A program that the form engine needs is not on this machine: install it."""

    def __init__(self, tool: str) -> None:
        super().__init__(
            f"{tool} is missing: the forms need Node.js 20, npm and Chromium "
            "(Debian: apt-get install nodejs npm chromium)"
        )
        self.tool = tool


class FormFailed(Exception):
    """LForms could not fill the form: an expression or an answer is wrong, the message says how."""


class Typed(NamedTuple):
    """What a form gives: the response, and the Observations that are extracted from it."""

    response: dict[str, Any]
    extracted: list[dict[str, Any]]


class Forms(Conversing):
    """LForms in one browser for many forms, a context manager."""

    failed = FormFailed
    ended = "the browser has ended; see standard error"

    def command(self) -> list[str | Path]:
        node, browser = tool("node"), tool(*BROWSERS)
        here = installation()
        return [node, here / "fill.js", browser, here / "lforms"]

    def fill(
        self,
        questionnaire: dict[str, Any],
        answers: Mapping[str, str | int | float],
        fhir: str = "R4",
    ) -> dict[str, Any]:
        """The response after these answers, with all that the form calculated.

        An answer to an item with options is the code (or the bare value) of one of them. `fhir` is
        R4, R4B or R5. Raises FormFailed also where LForms itself would only leave a value out.
        """
        told = {"questionnaire": questionnaire, "answers": dict(answers), "fhir": fhir}
        return self.ask(told)

    def type(
        self,
        questionnaire: Mapping[str, Any],
        sets: Sequence[Mapping[str, Any]],
        fhir: str = "R4",
    ) -> list[Typed]:
        """Types one set of answers after another into the fields of one form, as somebody does who
        comes to other answers: a field that a set has no answer for is emptied.

        An answer is an option's code, or a number. Raises FormFailed.
        """
        written = [{link: str(answer) for link, answer in one.items()} for one in sets]
        found = self.ask({"questionnaire": questionnaire, "sets": written, "fhir": fhir})
        return [Typed(one["response"], one["extracted"]) for one in found]


def values(response: Mapping[str, Any]) -> dict[str, Any]:
    """The first answer to each answered item, by linkId; a Coding by its code."""
    found: dict[str, Any] = {}
    for item in response.get("item", []):
        for answer in item.get("answer", [])[:1]:
            value = next(value for key, value in answer.items() if key.startswith("value"))
            found[item["linkId"]] = value["code"] if isinstance(value, dict) else value
        found |= values(item)
    return found


def installation() -> Path:
    """The folder with the script, its modules and LForms, made first where it is not there yet."""
    npm = tool("npm")
    digest = sha256(b"\0".join((HERE / name).read_bytes() for name in (*SCRIPT, "__init__.py")))
    folder = cache() / f"forms-{digest.hexdigest()[:12]}"
    if not folder.is_dir():
        build(npm, folder)
    return folder


def build(npm: str, folder: Path) -> None:
    """Makes the folder."""
    with made_whole(folder) as whole, tempfile.TemporaryDirectory() as archives:
        for name in SCRIPT:
            shutil.copy(HERE / name, whole)
        run(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=whole)
        run(npm, "pack", "--silent", LFORMS, folder=Path(archives))
        unpack(Path(archives) / f"{LFORMS.replace('@', '-')}.tgz", whole / "lforms")


def unpack(archive: Path, into: Path) -> None:
    """The web component and its FHIR part out of LForms's package, without the source maps."""
    found = sha256(archive.read_bytes()).hexdigest()
    if found != LFORMS_DIGEST:
        raise SetupFailed(f"{archive.name} has the digest {found}, expected {LFORMS_DIGEST}")
    inside = "package/dist/lforms/"
    with tarfile.open(archive) as files:
        for file in files:
            if file.name.startswith(inside) and not file.name.endswith(".map"):
                file.name = file.name.removeprefix(inside)
                files.extract(file, into, filter="data")


def tool(*names: str) -> str:
    """The path of the first of these programs that is there, or ToolMissing."""
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        raise ToolMissing(names[0])
    return path
