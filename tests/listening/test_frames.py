"""However a stream is cut into pieces, the same messages are found in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from alliance_fhir.listening.frames import Frames

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST = 40
_PLAIN = st.binary(max_size=60).map(
    lambda data: bytes(byte for byte in data if byte not in b"\x0b\x1c")
)
_WHOLE = st.builds(
    lambda data, end: b"\x0b" + data + end,
    _PLAIN,
    st.sampled_from([b"\x1c\r", b"\x1c", b"\x1c\r\n", b"\x1c\n\r\r"]),
)
_CUT = _PLAIN.map(lambda data: b"\x0b" + data)
_STREAMS = st.lists(st.one_of(_WHOLE, _WHOLE, _CUT, st.sampled_from([b"\r\n", b"x"])), max_size=6)


def told(pieces: Sequence[bytes]) -> list[tuple[bytes, str]]:
    """The frames of a stream, to the first byte that is in none: then the connection ends."""
    frames = Frames(LARGEST)
    found: list[tuple[bytes, str]] = []
    for piece in pieces:
        for frame in frames.feed(piece):
            found.append((frame.data, frame.fault))
            if frame.fault == "no-frame":
                return found
    return found


@given(_STREAMS.map(b"".join), st.data())
def test_any_pieces_give_the_same(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert told(pieces) == told([stream])
    assert told([bytes([byte]) for byte in stream]) == told([stream])


@given(st.lists(st.binary(max_size=LARGEST).filter(lambda one: not {0x0B, 0x1C} & {*one})))
def test_what_is_framed_comes_out(messages: list[bytes]) -> None:
    stream = b"".join(b"\x0b" + one + b"\x1c\r" for one in messages)
    assert told([stream]) == [(one, "") for one in messages]
