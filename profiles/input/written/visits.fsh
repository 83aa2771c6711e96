// What we write of visits.

Profile: WrittenVisit
Parent: VisitAppointment
Id: written-visit
* obeys written-placer and written-no-placer
* insert WrittenCancellation
* insert WrittenName(participant.actor)

Invariant: written-placer
Description: "The third number is that of whoever asked for the visit."
Severity: #error
Expression: "identifier.count() = 3 implies identifier.where(type.exists()).count() = 1"

Invariant: written-no-placer
Description: "The first two are not."
Severity: #error
Expression: "identifier.count() = 2 implies identifier.where(type.exists()).empty()"
