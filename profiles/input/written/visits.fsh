// What we write of visits.

Profile: WrittenVisit
Parent: VisitAppointment
Id: written-visit
// Ours, that at whoever fills it, and that at whoever asked for it, if any.
* identifier 2..3
* identifier.type = $identifier-type#PLAC
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
