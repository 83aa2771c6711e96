"""An evaluator of FHIRPath, fhirpath.js, for the calculated expressions of Questionnaires alone.

    with Expressions() as expressions:
        expressions.calculate(questionnaire, [{"item_1": "3"}, ...], "R4") -> [{"total": 3}, ...]

It needs Node.js 20 and npm, and no browser; what it fetches, once, is kept in a cache folder.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from validator.packages import cache, made_whole, run, tool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

HERE = Path(__file__).parent
FILES = ("evaluate.js", "package.json", "package-lock.json")


class NotEvaluated(Exception):
    """fhirpath.js could not evaluate an expression: the message says why."""


class Expressions:
    """One process of Node for all Questionnaires, a context manager."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Expressions:
        """Raises ToolMissing, SetupFailed."""
        self._process = subprocess.Popen(
            [tool("node"), installation() / "evaluate.js"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.communicate()  # its input ends, so it ends
            self._process = None

    def calculate(
        self,
        questionnaire: Mapping[str, Any],
        sets: Sequence[Mapping[str, Any]],
        fhir: str,
    ) -> list[dict[str, Any]]:
        """For each set of answers by linkId, the calculated items that have a value.

        Numbers are those of JavaScript, as they would be written. Raises NotEvaluated.
        """
        assert self._process is not None, "use the expressions in a with statement"
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        responses = [response(questionnaire, answers) for answers in sets]
        request = {"questionnaire": questionnaire, "responses": responses, "fhir": fhir}
        print(json.dumps(request, default=float), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise NotEvaluated("Node has ended; see standard error")
        reply = json.loads(line)
        if isinstance(reply, dict):
            raise NotEvaluated(reply["error"])
        return reply


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
