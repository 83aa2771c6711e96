"""Files with one or many messages: line ends, envelopes, frames, and what is cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from alliance_fhir.sources.hl7v2.files import LARGEST

from .making import hear, message, msh, slips

ONE, TWO = message(head={10: "C1"}), message(head={10: "C2"})
FHS, BHS, FTS = "FHS|^~\\&|SCHED\r", "BHS|^~\\&|SCHED\r", "FTS|1\r"


def framed(text: str) -> str:
    """As MLLP sends it."""
    return f"\x0b{text}\x1c\r"


def controls(folder: Path, data: str | bytes) -> list[str]:
    """The numbers of the messages of a file, in which nothing is wrong."""
    found = hear(folder, data)
    assert all(one.said for one in found)
    assert [one.number for one in found] == [*range(1, len(found) + 1)]
    return [one.control for one in found]


FILES = {
    "one": (ONE, ["C1"]),
    "without its last line end": (ONE.rstrip("\r"), ["C1"]),
    "one after the other": (ONE + TWO, ["C1", "C2"]),
    "LF": ((ONE + TWO).replace("\r", "\n"), ["C1", "C2"]),
    "CR LF": ((ONE + TWO).replace("\r", "\r\n"), ["C1", "C2"]),
    "segments end with CR, messages with LF": (f"{ONE}\n{TWO}\n", ["C1", "C2"]),
    "empty lines": (f"\r\n\n{ONE}\r\r\n\n{TWO}\n\n", ["C1", "C2"]),
    "a byte order mark": (f"\ufeff{ONE}", ["C1"]),
    "in a batch": (f"{BHS}{ONE}{TWO}BTS|2\r", ["C1", "C2"]),
    "in a batch that counts in five digits": (f"{BHS}{ONE}{TWO}BTS|00002\r", ["C1", "C2"]),
    "in a file": (f"{FHS}{BHS}{ONE}BTS|1\r{BHS}{TWO}BTS|1|ok\r{FTS}", ["C1", "C2"]),
    "in a file without batches": (f"{FHS}{ONE}{TWO}{FTS}", ["C1", "C2"]),
    "a batch that does not count": (f"{BHS}{ONE}{TWO}BTS\r", ["C1", "C2"]),
    "in frames": (framed(ONE) + framed(TWO), ["C1", "C2"]),
    "in frames, after a lost end": (f"\x1c\r{framed(ONE)}", ["C1"]),
    "in a frame, with LF": (framed(ONE).replace("\r", "\n"), ["C1"]),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_messages(tmp_path: Path, name: str) -> None:
    text, expected = FILES[name]
    assert controls(tmp_path, text) == expected


BAD = {
    "nothing": ("", [("", "empty-file")]),
    "UTF-16": (ONE.encode("utf-16"), [("", "wrong-encoding")]),
    "UTF-16 without a mark": (ONE.encode("utf-16-le"), [("", "wrong-encoding")]),
    "no header": ("PID|1||1001\rSCH|1\r", [("MSH", "no-header")]),
    "a rest, then a message": (f"PID|1||1001\r{ONE}", [("MSH", "no-header")]),
    "not at all": ("Dear colleague,\nplease find", [("MSH", "no-header")]),
    "two headers in a frame": (framed(ONE + TWO), [("MSH", "several-headers")]),
    "a frame that does not end": (f"\x0b{ONE}", [("", "truncated-message")]),
    "one frame cut off by the next": (f"\x0b{ONE}{framed(TWO)}", [("", "truncated-message")]),
    "a batch that is cut off": (f"{BHS}{ONE}", [("BTS", "truncated-file")]),
    "a file that is cut off": (f"{FHS}{BHS}{ONE}BTS|1\r", [("FTS", "truncated-file")]),
    "a batch that lacks one": (f"{BHS}{ONE}BTS|2\r", [("BTS-1", "count-differs")]),
    "a batch of more than can be read": (
        f"{BHS}{ONE}BTS|{'9' * 5_000}\r",
        [("BTS-1", "count-differs")],
    ),
    "a second batch that has one more": (
        f"{BHS}{ONE}BTS|1\r{BHS}{ONE}{TWO}BTS|1\r",
        [("BTS-1", "count-differs")],
    ),
    "too large": (ONE + f"NTE|1||{'x' * LARGEST}\r{TWO}", [("", "message-too-large")]),
    "too large in many segments": (
        ONE + f"NTE|1||{'x' * 1000}\r" * (LARGEST // 1000) + TWO,
        [("", "message-too-large")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_file_in_which_something_is_wrong(tmp_path: Path, name: str) -> None:
    text, expected = BAD[name]
    assert slips(tmp_path, text) == expected


@pytest.mark.parametrize("name", [name for name in BAD if "rest" in name or "lacks" in name])
def test_the_messages_of_such_a_file_are_read_all_the_same(tmp_path: Path, name: str) -> None:
    assert [one.control for one in hear(tmp_path, BAD[name][0]) if one.said] == ["C1"]


def test_a_line_end_within_a_text(tmp_path: Path) -> None:
    """Some senders leave one in a note; it does not begin a segment."""
    (one,) = hear(tmp_path, f"{ONE}NTE|1||first\nPid|3\nMSH or not\nMSH: see\nPID: a\rZZ1|1\r")
    assert one.said
    (other,) = hear(tmp_path, message(sch={7: "R^first\nMSH: see\nPID: a"}))
    assert other.said
    assert other.said.reason
    assert other.said.reason.text == "first\nMSH: see\nPID: a"


def test_a_file_of_any_length_in_pieces_of_any_size(tmp_path: Path) -> None:
    """More than one chunk is read, and messages lie across their borders."""
    many = "".join(message(head={10: f"C{n}"}) for n in range(1000))
    assert len(many) > 2 * 64 * 1024
    assert controls(tmp_path, many) == [f"C{n}" for n in range(1000)]


LINES = {
    "CR": (ONE + TWO, [1, 4]),
    "LF": ((ONE + TWO).replace("\r", "\n"), [1, 4]),
    "CR LF": ((ONE + TWO).replace("\r", "\r\n"), [1, 4]),
    "segments end with CR, messages with LF": (f"{ONE}\n{TWO}\n", [1, 4]),
    "empty lines": (f"\r\r\n\n{ONE}\r\n\n{TWO}", [4, 9]),
    "in a batch": (f"{BHS}{ONE}{TWO}BTS|2\r", [2, 5]),
    "in frames": (framed(ONE) + framed(TWO), [1, 5]),
    "in frames, one in a line": (f"\x0b{ONE}\x1c{framed(TWO)}", [1, 4]),
    "not numbered": (ONE + message(head={10: ""}), [1, 4]),
    "two in a frame": (ONE + framed(ONE + TWO), [1, 4]),
    "a rest before": (f"PID|1||1001\r\r{ONE}", [1, 3]),
    "a batch that lacks one": (f"{BHS}{ONE}BTS|2\r", [2, 0]),
    "longer than a chunk": (message("S12", None, None, "NTE|1||" + "x" * 99_999) + TWO, [1, 5]),
}


@pytest.mark.parametrize("name", LINES)
def test_the_line_that_a_message_begins_in(tmp_path: Path, name: str) -> None:
    text, expected = LINES[name]
    assert [one.line for one in hear(tmp_path, text)] == expected


def test_a_header_with_the_name_of_another(tmp_path: Path) -> None:
    """Only a name that a separator follows is a segment's."""
    assert slips(tmp_path, msh().replace("MSH|", "MSHX|")) == [("MSH", "no-header")]
