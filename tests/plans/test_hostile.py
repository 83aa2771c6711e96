"""Documents that are no documents, or that mean harm: named, with the line where that shows."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .documents import SECRET, SHORT, finding, outcome, said, site, values, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

LAUGHS = (
    "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in
              zip("abcdefgh", "bcdefghi", strict=True))
    + SHORT
)  # fmt: skip
"""Nine times nine times nine ... : a gigabyte from less than one kilobyte."""

OPEN = "The quotation mark that opens here is not closed in its line; close or remove it."
YAML = {
    "a tab as indentation": (SHORT + "goals:\n\t- goal: a\n", 8, "not-yaml", ""),
    "a quotation mark that stays open": (SHORT + 'reason: "x\nhopes: [y]\n', 7, "not-yaml", OPEN),
    "an apostrophe that stays open": (SHORT + "hopes: ['x, y]\nreason: z\n", 7, "not-yaml", OPEN),
    "a quotation mark that the next one closes": (
        SHORT + 'reason: "x\nhopes:\n  - z\n  - "y"\nconcerns: [z]\n', 7, "not-yaml", OPEN
    ),
    "a quotation mark too many behind a text of two lines": (
        SHORT + 'reason: "x\n  y"\nhopes: ["y" "z"]\n', 9, "not-yaml", ""
    ),
    "an escape that is none": (SHORT + 'reason: "x\n  \\q"\n', 8, "not-yaml", ""),
    "a bracket that is never closed": (SHORT + "hopes: [x\nreason: y\n", 8, "not-yaml", ""),
    "a stray indentation": (SHORT + "reason: x\n  hopes: [y]\n", 8, "not-yaml", ""),
    "a list as key": (SHORT + "? [a, b]\n: c\n", 7, "not-yaml",
                      "A key must be a word, and no list."),
    "a document of another version": ("%YAML 9.9\n---\n" + SHORT, 1, "not-yaml", ""),
    "two documents": (SHORT + "---\n" + SHORT, 7, "several-documents", ""),
    "aliases that explode": (LAUGHS, 1, "yaml-alias", ""),
    "an alias": (SHORT + "reason: *x\n", 7, "yaml-alias", ""),
    "an anchor on a key": (SHORT + "&x reason: y\n", 7, "yaml-alias", ""),
    "keys that are taken over": (SHORT + "contact: {<<: *x}\n", 7, "yaml-alias", ""),
    "a tag that would run code": (
        SHORT + f"reason: !!python/object/apply:os.system ['touch {SECRET}']\n",
        7,
        "yaml-tag",
        "",
    ),
    "a tag that makes a number of text": (SHORT + "reason: !!int '7'\n", 7, "yaml-tag", ""),
    "a tag of one's own": (SHORT + "contact: !x {urgent: y}\n", 7, "yaml-tag", ""),
    "a thousand brackets": (SHORT + f"hopes: {'[' * 1000}\n", 7, "not-yaml", ""),
    "twenty brackets": (SHORT + f"hopes:\n {'[' * 20 + ']' * 20}\n", 8, "too-deep", ""),
    "a thousand braces": (SHORT + f"hopes: {'{a: ' * 1000}\n", 7, "too-deep", ""),
    "a thousand lists": (SHORT + "hopes:\n" + "- " * 1000 + "x\n", 8, "too-deep", ""),
    "a list": ("- a\n- b\n", 1, "not-a-plan", ""),
    "a word": ("\n\nhello\n", 3, "not-a-plan", ""),
    "nothing": ("", 1, "empty-document", ""),
    "a comment": ("# nothing\n", 1, "empty-document", ""),
    "a null": ("---\n~\n", 1, "empty-document", ""),
    "a control character": (SHORT + "reason: a\x07b\n", 7, "control-character", ""),
    "a line separator": (SHORT + "# a\u2028b\n", 7, "control-character", ""),
    "a word of another encoding": (SHORT.encode() + b"reason: K\xf6nig\n", 7, "wrong-encoding",
                                   "Here it is not in UTF-8; save it so."),
}  # fmt: skip
"""A document, the line that is named, the rule and, where it is not the rule's own, the remedy."""

GOOD = json.dumps(values(SHORT), indent=1)
JSON = {
    "no end": (GOOD.removesuffix("}"), 10, "not-json", ""),
    "two values": (GOOD + "\n{}", 11, "not-json", ""),
    "a comma too many": (GOOD.replace("\n}", ",\n}"), 10, "not-json", ""),
    "a comma too few": (GOOD.replace('",', '"', 1), 3, "not-json", ""),
    "a colon too few": (GOOD.replace('"plan":', '"plan"'), 2, "not-json", ""),
    "a list without a comma": (GOOD.replace('kurtz"', 'kurtz" "x"'), 5, "not-json", ""),
    "a list that is not closed": (GOOD.replace(" ],", ""), 7, "not-json", ""),
    "a comma before the end of a list": (GOOD.replace('kurtz"', 'kurtz",'), 6, "not-json", ""),
    "a key without quotation marks": (GOOD.replace('"plan"', "plan"), 2, "not-json", ""),
    "a key that is a number": (GOOD.replace('"plan"', "7"), 2, "not-json", ""),
    "NaN": (GOOD.replace(": 1,", ": NaN,"), 8, "not-json", ""),
    "Infinity": (GOOD.replace(": 1,", ": -Infinity,"), 8, "not-json", ""),
    "a number that is none": (GOOD.replace(": 1,", ": 01,"), 8, "not-json", ""),
    "a comment": ("// a plan\n" + GOOD, 1, "not-json", ""),
    "single quotation marks": (GOOD.replace('"short"', "'short'"), 2, "not-json", ""),
    "a string that is never closed": (GOOD.replace('"draft"', '"draft'), 9, "not-json", ""),
    "a string over two lines": (GOOD.replace("draft", "dra\nft"), 9, "not-json", ""),
    "an escape that is none": (GOOD.replace("draft", "dra\\xft"), 9, "not-json", ""),
    "a bracket of the wrong kind": (GOOD.replace(" ],", " },"), 6, "not-json", ""),
    "a thousand brackets": (f'{{"hopes":\n{"[" * 1000}', 2, "too-deep", ""),
    "a list": ("\n[]", 2, "not-a-plan", ""),
    "a word": ("true", 1, "not-a-plan", ""),
    "nothing": (" \n", 1, "empty-document", ""),
    "a null": ("null", 1, "empty-document", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", YAML)
def test_yaml_that_is_none_or_means_harm_is_named_with_its_line(
    name: str, command: Callable[..., Ran]
) -> None:
    text, line, rule, remedy = YAML[name]
    site()
    write("a.plan.yaml", text)
    write("b.plan.yaml", SHORT)
    told = finding(line, "", rule, remedy)
    assert said(command("check", ".", "--json")) == outcome("check", (2, 1, 1), told)
    assert not Path(SECRET).exists()


@pytest.mark.parametrize("name", JSON)
def test_json_that_is_none_is_named_with_its_line(name: str, command: Callable[..., Ran]) -> None:
    text, line, rule, remedy = JSON[name]
    site()
    write("a.plan.json", text)
    write("b.plan.json", GOOD)
    told = finding(line, "", rule, remedy, path="a.plan.json")
    assert said(command("check", ".", "--json")) == outcome("check", (2, 1, 1), told)


NUMBER = "It must be a whole number, without quotation marks."


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "rule", "remedy"),
    [
        (": 1,", ": 1.5,", 8, "version", "wrong-kind", NUMBER),
        (": 1,", f": {'9' * 5000},", 8, "version", "wrong-kind", NUMBER),
        (": 1,", ": 1e400,", 8, "version", "wrong-kind", NUMBER),
        (": 1,", ": true,", 8, "version", "wrong-kind", NUMBER),
        ('"short"', "7", 2, "plan", "wrong-kind", "It must be text, in quotation marks."),
        ('"short"', '"\\ud800"', 2, "plan", "control-character", ""),
        ('|1001"', '|\\ud800"', 3, "patient", "control-character", ""),
        ('"short"', "null", 2, "plan", "missing-key", ""),
        ('"short",', '"short",\r\n "plan": {"a": [], "b": {}},', 3, "plan", "key-twice", ""),
    ],
)  # fmt: skip
def test_slips_in_json_have_the_same_rules_and_their_lines(
    old: str, new: str, line: int, path: str, rule: str, remedy: str, command: Callable[..., Ran]
) -> None:
    site()
    write("a.plan.json", GOOD.replace(old, new, 1))
    told = finding(line, path, rule, remedy, path="a.plan.json")
    assert said(command("check", "a.plan.json", "--json")) == outcome("check", (1, 0, 1), told)


WHOLE = {
    "50 MB": (
        SHORT.encode() + b"# " + b"x" * 50_000_000,
        "document-too-large",
        "It is larger than 1,048,576 bytes, the most that is read; a plan has a few pages.",
    ),
    "UTF-16": (
        SHORT.encode("utf-16"),
        "wrong-encoding",
        "It is in UTF-16 or UTF-32; save it as UTF-8.",
    ),
    "UTF-16 without a mark": (
        SHORT.encode("utf-16-be"),
        "wrong-encoding",
        "It is in UTF-16 or UTF-32; save it as UTF-8.",
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_not_read_at_all_is_named(name: str, command: Callable[..., Ran]) -> None:
    raw, rule, remedy = WHOLE[name]
    site()
    write("a.plan.yaml", raw)
    write("b.plan.yaml", SHORT)
    told = outcome("check", (1, 1, 0), finding(0, "", rule, remedy), exit_code=3)
    assert said(command("check", ".", "--json")) == told
    with_limit = said(command("check", ".", "--limit", 9, "--json"))
    assert with_limit == told


def test_a_file_that_cannot_be_opened_is_named(command: Callable[..., Ran]) -> None:
    site()
    write("b.plan.yaml", SHORT)
    Path("a.plan.yaml").symlink_to("/proc/self/mem")  # opens, and cannot be read
    ran = said(command("check", ".", "--json"))
    told = finding(0, "", "unreadable-file", "Input/output error")
    assert ran == outcome("check", (1, 1, 0), told, exit_code=3)


def test_a_document_of_a_megabyte_is_read(command: Callable[..., Ran]) -> None:
    site()
    write("a.plan.yaml", SHORT + "# " + "x" * (1024**2 - len(SHORT) - 2))
    assert said(command("check", ".", "--json")) == outcome("check", (1, 1, 0))


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a mark"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_marks_and_line_ends_do_not_matter(
    mark: bytes, ends: str, command: Callable[..., Ran]
) -> None:
    site()
    text = SHORT + "reason: Kön\nhopes: |\n"
    write("a.plan.yaml", mark + text.replace("\n", ends).encode())
    write("b.plan.json", mark + GOOD.replace("1,", "0,").replace("\n", ends).encode())
    yaml = finding(8, "hopes", "wrong-kind", "It must be a list.")
    told = finding(8, "version", "out-of-range", "It must be 1 or more.", path="b.plan.json")
    assert said(command("check", ".", "--json")) == outcome("check", (2, 0, 2), yaml, told)


def test_without_libyaml_the_same_is_said(
    command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    import yaml

    from alliance_fhir.sources.plans import yamltext

    monkeypatch.setattr(yamltext, "_LOADER", yaml.SafeLoader)
    for name in (
        "a tab as indentation",
        "a quotation mark that stays open",
        "a thousand lists",
        "two documents",
        "an alias",
        "a quotation mark that the next one closes",
    ):
        test_yaml_that_is_none_or_means_harm_is_named_with_its_line(name, command)
    assert sys.getrecursionlimit() < 5_000
