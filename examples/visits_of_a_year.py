"""How a year of visits of the example clinic comes about; `generate_visits.py` writes it down.

What is published: of psychiatric outpatient appointments in England in 2002-03, 19.1 % were missed
(Mitchell and Selmes, Psychiatr Serv 2007;58:868, as cited by Stubbe 2018); in most services they
found more missed at the first appointment than at later ones; and 31 % of community psychiatric
patients leave care over a year (Young 2000, as cited by Stubbe 2018). All else is ours: how the
19.1 % part into first and follow-up visits, by whom patients were sent, and how often a visit is
called off, moved or begun late. A visit that is called off is in neither count.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import generate
from bookings import BEGIN, NOW, Booking, Course, Diary, lasts, mr_jones, opened
from generate import CLINICIANS, Chance

SEED = 58888
FURTHER = range(1041, 1236)  # patients of whom there are no questionnaires
AT_THE_OPENING = 75
"""So many of them come in the first six weeks, the others over the year."""
FIRST = {
    "emergency-department": 0.34,  # sent on in a crisis, and told little
    "college-health": 0.25,
    "riverside-practice": 0.22,
    "harbor-practice": 0.19,
    "hill-practice": 0.19,
}
"""How many first visits are missed, by referrer: 24 % of all; and 18.2 % of the later ones. With as
many of each as there are, that is about 19.1 % together."""
FOLLOW_UP = 0.182
REASONS = ("Low mood", "Anxiety", "Sleep", "Panic", "Grief", "Attention", "Mood swings", "")
SERVICES = ("Psychotherapy", "Psychotherapy", "Psychiatric consultation")

OFF = 0.11
"""How many visits are called off, by whoever it is."""
LEAVES = (0.45, 0.23)
"""How many leave after a first and after a later visit that they missed."""


class Year:
    """Collects the bookings of all patients."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self.bookings: list[Booking] = []
        self._diary = Diary()
        self._orders = 100

    def go(self) -> list[Booking]:
        """All of them, by when they begin, each with its number."""
        courses = generate.all_courses(Chance(generate.SEED))
        for visit in mr_jones():
            self._diary.take("kurtz", visit.start)
            self.bookings.append(visit)
        for course in courses:
            for day in course.visits:
                self._diary.take(course.clinician, datetime.combine(day, course.at))
        for course in courses:
            self._known(course)
        for patient in FURTHER:
            self._further(patient)
        for each in [one for one in self.bookings if self.chance.happens(0.002)]:
            self._by_mistake(each)
        by_booking = sorted(self.bookings, key=lambda one: (one.made, one.start))
        for number, each in enumerate(by_booking, 50001):
            each.number = each.number or str(number)
        return sorted(self.bookings, key=lambda one: (one.start, one.number))

    # --- the patients of whom there are questionnaires ---------------------------------------

    def _known(self, known: generate.Course) -> None:
        """Their sessions took place; what was missed or called off lies between those."""
        chance = self.chance
        course = self._course(known.number, known.clinician, "Psychotherapy")
        if known.patient in generate.ADOLESCENTS:
            course.referrer, course.referral = "school-nurse", ""
        made = datetime.combine(opened(known.visits[0] - timedelta(days=20)), time(9, 40))
        for session, day in enumerate(known.visits, 1):
            for gap in self._gap(known, session):
                start = self._diary.slot(course.clinician, gap, known.at)
                status = self._missed(course, made, start, first=session == 1)
                made = self._next_day(status.off_at or start)
            start = datetime.combine(day, known.at)
            made = min(made, start - timedelta(hours=20))
            late = "arrived-late" if chance.happens(0.04) else "attended"
            booked = self._book(course, made, start, late, first=session == 1)
            booked.number = known.appointment(session)
            made = booked.end + self._some(1, 9)
        last = known.visits[-1]
        if known.rupture and not known.repaired:  # and stayed away
            start = self._diary.slot(course.clinician, last + timedelta(days=7), known.at)
            if start < NOW:
                self._book(course, made, start, "no-show", first=False)
        elif last >= date(2026, 6, 8):
            start = self._diary.slot(course.clinician, last + timedelta(days=28), known.at)
            self._book(course, made, start, "booked", first=False)

    def _gap(self, known: generate.Course, session: int) -> list[date]:
        """Days before a session on which he was to come: those that were left out, or drawn."""
        day = known.visits[session - 1]
        if session == 1:
            odds = self._odds(0.23)
            return [opened(day - timedelta(days=10))] if self.chance.happens(odds) else []
        before = known.visits[session - 2]
        left_out = [one for one in known.missed if before < one < day]
        if left_out or not self.chance.happens(self._odds(FOLLOW_UP) - 0.04):
            return left_out
        drawn = opened(day - timedelta(days=self.chance.whole(2, 4)))
        return [drawn] if before < drawn < day else []

    @staticmethod
    def _odds(missed: float) -> float:
        """So many missed to one that took place, and those that were called off beside."""
        return (missed / (1 - missed)) + 0.04

    def _missed(self, course: Course, made: datetime, start: datetime, *, first: bool) -> Booking:
        if self.chance.happens(0.75):
            return self._book(course, made, start, "no-show", first=first)
        return self._called_off(course, made, start, first=first)

    # --- the further patients ------------------------------------------------------------------

    def _further(self, patient: int) -> None:
        chance = self.chance
        early = patient < FURTHER[0] + AT_THE_OPENING
        begin = BEGIN + timedelta(days=chance.whole(0, 42) if early else chance.whole(14, 352))
        service = chance.one_of(SERVICES)
        course = self._course(str(patient), chance.one_of(CLINICIANS), service)
        every = chance.one_of((7, 14, 14) if service == "Psychotherapy" else (21, 28))
        planned = chance.whole(4, 16)
        self._care(course, begin, every, planned)
        if chance.happens(0.1):  # sees somebody about medicine as well, sent by nobody from outside
            medicine = Course(course.patient, chance.one_of(CLINICIANS), "Medication review")
            self._care(medicine, begin + timedelta(days=40), 42, chance.whole(2, 5))

    def _care(self, course: Course, begin: date, every: int, planned: int) -> None:
        """Visit after visit, until the last that was planned, or until the patient leaves."""
        chance, seen = self.chance, 0
        at = time(chance.whole(9, 16), chance.one_of((0, 30)))
        made = datetime.combine(begin - timedelta(days=chance.whole(6, 20)), time(10, 15))
        made = max(made, datetime.combine(date(2025, 6, 23), time(9)))
        made += timedelta(minutes=chance.whole(0, 300), seconds=chance.whole(0, 59))
        day = begin
        while seen < planned and made < NOW:
            start = self._diary.slot(course.clinician, day, at)
            made = min(made, start - timedelta(minutes=45))
            if start >= NOW:
                status = "pending" if chance.happens(0.08) else "booked"
                self._book(course, made, start, status, first=not seen)
                return
            booked = self._visit(course, made, start, first=not seen)
            if booked.seen:
                seen += 1
                day = start.date() + timedelta(days=every)
                made = booked.end + timedelta(
                    minutes=chance.whole(1, 9), seconds=chance.whole(0, 59)
                )
            elif self._leaves(booked, first=not seen):
                return
            else:
                made = self._next_day(booked.off_at or start)
                day = max(start, made).date() + timedelta(days=chance.whole(4, 12))

    def _visit(self, course: Course, made: datetime, start: datetime, *, first: bool) -> Booking:
        chance = self.chance
        if chance.happens(OFF):
            return self._called_off(course, made, start, first=first)
        if chance.happens(FIRST.get(course.referrer, 0.22) if first else FOLLOW_UP):
            booked = self._book(course, made, start, "no-show", first=first)
            if chance.happens(0.03):  # rings when it has begun
                booked.status, booked.off_by = "cancelled", "patient"
                booked.off_at = start + timedelta(minutes=chance.whole(2, 25), seconds=12)
            return booked
        late = chance.one_of((*["arrived-late"] * 5, "too-late")) if chance.happens(0.06) else ""
        return self._book(course, made, start, late or "attended", first=first)

    def _leaves(self, booked: Booking, *, first: bool) -> bool:
        if booked.off_by == "provider" or booked.status == "too-late":
            return False
        return self.chance.happens(LEAVES[0 if first else 1] / (1 if booked.off_at is None else 2))

    # --- what a booking is ---------------------------------------------------------------------

    def _course(self, patient: str, clinician: str, service: str) -> Course:
        self._orders += 1
        referrer = self.chance.one_of(tuple(FIRST))
        order = f"r-{self._orders}" if self.chance.happens(0.8) else ""
        return Course(patient, clinician, service, referrer, order, self.chance.one_of(REASONS))

    def _book(
        self, course: Course, made: datetime, start: datetime, status: str, *, first: bool
    ) -> Booking:
        """A booking; some were for another time at first."""
        end = start + lasts(course.service, first=first)
        booked = Booking(course, made, start, end, status, reason=course.reason if first else "")
        if self.chance.happens(0.06) and start - made > timedelta(days=4):
            moved = made + timedelta(hours=self.chance.whole(3, 60))
            later = max(start + timedelta(days=self.chance.whole(-3, 3)), made + timedelta(days=4))
            before = datetime.combine(opened(later.date()), start.time())
            if before != start and moved < NOW:
                booked.moved, booked.before = moved, before
        self.bookings.append(booked)
        return booked

    def _called_off(
        self, course: Course, made: datetime, start: datetime, *, first: bool
    ) -> Booking:
        chance = self.chance
        booked = self._book(course, made, start, "cancelled", first=first)
        hours = chance.whole(2, 20) if chance.happens(0.4) else chance.whole(25, 150)
        at = start - timedelta(
            hours=hours, minutes=chance.whole(0, 59), seconds=chance.whole(0, 59)
        )
        at -= timedelta(hours=8 if at.hour < 7 else 0)
        since = booked.moved or made
        booked.off_at = max(at, since + timedelta(minutes=11))
        booked.off_by = "provider" if chance.happens(0.27) else "patient"
        if chance.happens(0.03):
            booked.off_by = ""  # nobody wrote down who it was
        elif booked.off_by == "patient" and chance.happens(0.06):
            booked.status = "no-show"  # though notice was given
        return booked

    def _by_mistake(self, meant: Booking) -> None:
        """The same once more a week later, which somebody takes back at once."""
        start = self._diary.slot(meant.course.clinician, meant.start.date(), meant.start.time())
        made = meant.made - timedelta(minutes=3)
        end = start + (meant.end - meant.start)
        self.bookings.append(Booking(meant.course, made, start, end, "entered-in-error"))

    def _some(self, low: int, high: int) -> timedelta:
        """So many minutes, and some seconds."""
        return timedelta(minutes=self.chance.whole(low, high), seconds=self.chance.whole(0, 59))

    def _next_day(self, when: datetime) -> datetime:
        """When somebody books anew after this."""
        at = time(self.chance.whole(9, 11), self.chance.whole(0, 59), self.chance.whole(0, 59))
        return datetime.combine(opened(when.date() + timedelta(days=1)), at)
