"""What messages say of an appointment, and the one visit that they come to. Pure.

Messages come out of order and more than once. So nothing is done when one comes: all that are known
of an appointment are put in the order in which they were made, and read from the first to the last.
The same messages give the same visit, in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from alliance_fhir.domain.attendance import Side, classify
from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.domain.said import LASTING, MessageId, Said, Sent
from alliance_fhir.domain.visit import Visit, chain, clinicians, is_known_too_soon, usual_end


class Folded(NamedTuple):
    """What all messages of an appointment come to.

    `visit` is None where nothing is said of what `lacking` names. `now` is what is said in the end,
    in the source's own codes too, and `newest` the last message of all as it was. `moved` is
    when the last message was made that gave it another start since its status was said. `earlier`
    holds the starts that it had before, and `patients_before` whose it was said to be before, both
    in their order. `told` are all that were read, each once, from the oldest to the newest.
    """

    visit: Visit | None
    now: Said
    newest: Said
    moved: Moment | None
    earlier: tuple[Moment, ...]
    missed: tuple[Moment, ...]
    patients_before: tuple[Identifier, ...]
    lacking: tuple[str, ...]
    told: tuple[Said, ...] = ()


class _Notice(NamedTuple):
    """When an appointment was called off, and by whom; of one that stands, nothing.

    It is of the last time that it was called off and not booked again, when that was first said: a
    source gives no other time for it than that of its message.
    """

    at: Moment | None = None
    by: Side | None = None

    def after(self, one: Said) -> _Notice:
        """What stands when `one` was said."""
        if one.status == "cancelled":
            return _Notice(self.at or one.made, one.by or self.by)
        if one.status == "no-show":  # some systems write both
            return self._replace(by=one.by or self.by)
        return self if one.status in (None, "entered-in-error") else _STANDS


_STANDS = _Notice()
_OFF = ("no-show", "cancelled")
"""How an appointment stands of which the patient was perhaps absent."""


class _Absent(NamedTuple):
    """The starts that were missed before another was booked, in UTC; `last` is the one that the
    appointment had when it was last said to be missed, and still is."""

    before: tuple[str, ...] = ()
    last: Moment | None = None

    def after(self, one: Said, now: Said, notice: _Notice) -> _Absent:
        """What stands when `one` was said, by which all stands as `now`.

        That it was missed, and is not, is taken back where its start is the same. Another start
        alone corrects the one that was missed, if that could be missed by then, too.
        """
        if now.start is None or (self.last is None and now.status not in _OFF):
            return self
        missed = _is_missed(now, notice, one.made)
        moved = self.last is not None and self.last.utc != now.start.utc
        if one.status is None:
            if not moved:
                return self
            booked = is_known_too_soon("no-show", now.start, _time(one.made))
        else:
            booked = moved and not missed
        before = (*self.before, self.last.utc) if self.last and booked else self.before
        return _Absent(before, now.start if missed else None)

    def of(self, earlier: Iterable[Moment], start: Moment | None) -> tuple[Moment, ...]:
        """Which of the starts before this one were missed, each once, as it was first said."""
        if not self.before or not start:
            return ()
        missed: dict[str, Moment] = {}
        for one in earlier:
            if one.utc in self.before and one.utc != start.utc:
                missed.setdefault(one.utc, one)
        return tuple(missed.values())


_NEVER = _Absent()


def _is_missed(now: Said, notice: _Notice, made: Moment) -> bool:
    """Whether it is a no-show that stands, said on a day on which that could be known."""
    if now.status not in _OFF or now.start is None:
        return False
    if "T" not in now.start.text or is_known_too_soon("no-show", now.start, _time(made)):
        return False
    off = notice.at and _time(notice.at)
    return classify(now.status, _time(now.start), called_off=off, by=notice.by).kind == "no-show"


def _time(moment: Moment) -> datetime:
    return datetime.fromisoformat(moment.text)


def fold(said: Iterable[Said], lasts: timedelta = timedelta()) -> Folded:
    """The visit that the messages of one appointment come to, in any order and with any doubles.

    An older message never undoes a newer one, and one that says less empties nothing. `lasts` is
    how long a visit takes of which no end is said, nothing where that is not known. Raises
    ValueError where they are not all of one appointment, or are none.
    """
    told = _in_order(said)
    if len({one.appointment for one in told}) != 1:
        raise ValueError("the messages must be of one appointment")
    now, moved, notice, absent = _after(None, told[0]), None, _STANDS, _NEVER
    for number, one in enumerate(told):
        if number:
            before, now = now, _after(now, one)
            if one.status is not None:
                moved = None
            elif now.start != before.start:
                moved = one.made
        notice = notice.after(one)
        absent = absent.after(one, now, notice)
    if now.by != notice.by:
        now = now._replace(by=notice.by)
    if lasts and now.start and not now.end:
        with suppress(OverflowError):  # in the year 9999
            now = now._replace(end=usual_end(now.start, lasts))
    earlier = chain(one.start for one in told if one.start)[:-1]
    missed = absent.of(earlier, now.start)
    patients = tuple(one for one, _ in groupby(one.patient for one in told if one.patient))
    needed = ("patient", "start", "end", "status")
    lacking = tuple(name for name in needed if getattr(now, name) is None)
    visit = None if lacking else _visit(now, notice, earlier, missed)
    before = patients[:-1]
    return Folded(visit, now, told[-1], moved, earlier, missed, before, lacking, tuple(told))


def is_told_too_soon(folded: Folded, now: datetime) -> bool:
    """Whether its status says what nobody can know yet, or could when it was moved: that it was
    missed on one day would else be true of another as soon as that one has come. `now` is a time
    with its offset."""
    visit = folded.visit
    if not visit:
        return False
    if folded.moved:
        now = min(now, _time(folded.moved))
    return is_known_too_soon(visit.status, visit.start, now)


def named(folded: Folded, sent: Iterable[Sent]) -> tuple[MessageId, ...]:
    """Which messages came to this, each once, from the oldest to the newest. Those that were only
    made anew from another one are not among them; of two that say the same in other bytes, both
    are."""
    of: dict[Said, set[MessageId]] = {}
    for one in sent:
        of.setdefault(one.said, set()).add(one.id)
    return tuple(id_ for said in folded.told for id_ in sorted(of[said]))


def fold_each(said: Iterable[Said], lasts: timedelta = timedelta()) -> dict[Identifier, Folded]:
    """The messages of any appointments, folded by appointment, in the order of their numbers."""
    of: dict[Identifier, list[Said]] = {}
    for one in said:
        of.setdefault(one.appointment, []).append(one)
    return {appointment: fold(of[appointment], lasts) for appointment in sorted(of)}


def _in_order(said: Iterable[Said]) -> list[Said]:
    """Each message once, by when it was made.

    One that was sent again, as it was or made anew, counts where it came first: else an old booking
    that is sent once more would undo what came after it. Two that differ in anything but that are
    two, even under one number: some senders begin to count anew.
    """
    every = [*said]
    if len(every) < 2:
        return every
    once: dict[Said, Said] = {}
    for one in every:
        apart = one._replace(made=Moment("", ""))
        if apart not in once or _age(one) < _age(once[apart]):
            once[apart] = one
    return sorted(once.values(), key=_age)


class _Words:
    """Orders what nothing else does, by all that is said."""

    def __init__(self, one: Said) -> None:
        self._one = one

    def __lt__(self, other: _Words) -> bool:
        return repr(self._one) < repr(other._one)


def _age(one: Said) -> tuple[str, int, int, str, _Words]:
    """Orders any two messages: by time, sequence, then number, as most senders count them up."""
    number = one.control.lstrip("0")
    return one.made.utc.removesuffix("Z"), one.sequence or 0, len(number), number, _Words(one)


def _after(now: Said | None, one: Said) -> Said:
    """What stands when `one` was said after all that came to `now`, or first of all."""
    if now is None:
        end = _after_start(one.start, one.end)
        return one._replace(end=end, taken_off=(), emptied=())
    lasting: dict[str, Any] = {name: _lasts(name, now, one) for name in LASTING}
    if one.status is None:
        lasting |= {"status": now.status, "status_code": now.status_code}
    elif one.status == now.status:
        lasting["status_code"] = one.status_code or now.status_code
    if one.status in (None, now.status):  # why it was booked is not why it was called off
        lasting["event_reason"] = _lasts("event_reason", now, one)
    if one.taken_off:
        lasting |= _without(one, lasting)
    start, end = _times(now, one)
    return one._replace(**lasting, start=start, end=end, taken_off=(), emptied=())


def _without(one: Said, told: Mapping[str, Any]) -> dict[str, object]:
    """The clinicians that are `told` to be there, without those whom `one` takes off and does not
    name again."""
    gone = {*one.taken_off} - {one.clinician, *(one.other_clinicians or ())}
    stand = [who for who in told["other_clinicians"] or () if who not in gone]
    first = None if told["clinician"] in gone else told["clinician"]
    return {"clinician": first, "other_clinicians": tuple(stand) or None}


def _lasts(name: str, now: Said, one: Said) -> object:
    """What is said now, or else was said before, unless that is taken back."""
    told = getattr(one, name)
    if told is not None or name in one.emptied:
        return told
    return getattr(now, name)


def _times(now: Said, one: Said) -> tuple[Moment | None, Moment | None]:
    """Start and end. The end of another start is none of this one's."""
    if one.start and (now.start is None or one.start.utc != now.start.utc):
        return one.start, _after_start(one.start, one.end)
    start = one.start or now.start
    kept = None if "end" in one.emptied else now.end
    return start, _after_start(start, one.end) or _after_start(start, kept)


def _after_start(start: Moment | None, end: Moment | None) -> Moment | None:
    """The end, where it is one."""
    return end if start and end and start.comes_before(end) else None


def _visit(
    now: Said, notice: _Notice, earlier: tuple[Moment, ...], missed: tuple[Moment, ...]
) -> Visit:
    clinician, others = clinicians(now.clinician, now.other_clinicians or ())
    told: dict[str, object] = {
        "appointment": now.appointment,
        "patient": now.patient,
        "clinician": clinician,
        "start": now.start,
        "end": now.end,
        "status": now.status,
        "called_off": notice.at,
        "by": notice.by,
        "referrer": now.referrer,
        "referral": now.referral,
        "first": now.first,
        "rescheduled_from": earlier,
        "missed": missed,
        "placer": now.placer if now.placer != now.appointment else None,
        "other_clinicians": others,
        "location": now.location,
        "status_code": now.status_code,
    }
    for name in ("reason", "service", "appointment_type", "event_reason"):
        if coded := getattr(now, name):
            told |= {name: coded.words, f"{name}_code": coded.coding}
    return Visit.model_validate(told)
