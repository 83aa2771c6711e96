"""An evaluator of FHIRPath, fhirpath.js, for the calculated expressions of Questionnaires alone.

    with Expressions() as expressions:
        expressions.calculate(questionnaire, [{"item_1": "3"}, ...], "R4") -> [{"total": 3}, ...]

It needs Node.js 20 and npm, and no browser; what it fetches, once, is kept in a cache folder.
"""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conversing import Conversing
from validator.packages import cache, made_whole, run, tool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HERE = Path(__file__).parent
FILES = ("evaluate.js", "package.json", "package-lock.json")


class NotEvaluated(Exception):
    """fhirpath.js could not evaluate an expression: the message says why."""


class Expressions(Conversing):
    """One process of Node for all Questionnaires, a context manager. Entering it raises
    ToolMissing, SetupFailed."""

    failed = NotEvaluated
    ended = "Node has ended; see standard error"

    def command(self) -> list[str | Path]:
        return [tool("node"), installation() / "evaluate.js"]

    def calculate(
        self,
        questionnaire: Mapping[str, Any],
        sets: Sequence[Mapping[str, Any]],
        fhir: str,
    ) -> list[dict[str, Any]]:
        """For each set of answers by linkId, the calculated items that have a value.

        Numbers are those of JavaScript, as they would be written. Raises NotEvaluated.
        """
        responses = [response(questionnaire, answers) for answers in sets]
        return self.ask({"questionnaire": questionnaire, "responses": responses, "fhir": fhir})


def response(questionnaire: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """A response of these answers alone; an option is taken by its code."""
    items: list[dict[str, Any]] = []
    for item in questionnaire["item"]:
        if (answer := answers.get(item["linkId"])) is None:
            continue
        if options := item.get("answerOption"):
            codings = [option["valueCoding"] for option in options]
            (coding,) = [coding for coding in codings if coding["code"] == answer]
            value: dict[str, Any] = {"valueCoding": coding}
        else:
            value = {f"value{item['type'].title()}": answer}
        items.append({"linkId": item["linkId"], "answer": [value]})
    assert len(items) == len(answers), "the Questionnaire lacks an item that was answered"
    return {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "questionnaire": questionnaire["url"],
        "item": items,
    }


def installation() -> Path:
    """The folder with the script and its modules, made first where it is not there yet."""
    digest = sha256(b"\0".join((HERE / name).read_bytes() for name in FILES)).hexdigest()
    folder = cache() / f"expressions-{digest[:12]}"
    if not folder.is_dir():
        npm = tool("npm")
        with made_whole(folder) as whole:
            for name in FILES:
                shutil.copy(HERE / name, whole)
            run(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=whole)
    return folder
