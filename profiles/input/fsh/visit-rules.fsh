// What holds between the elements of a visit.

Invariant: visit-no-show
Description: "The status is noshow where the attendance is, and nowhere else; what was entered in error is neither."
Severity: #error
Expression: "status = 'entered-in-error' or (status = 'noshow') = extension('https://alliance-fhir.github.io/ig/StructureDefinition/attendance').extension('kind').value.where(code = 'no-show').exists()"

// No slices of participants: whom a reference by identifier means, only its type says.
Invariant: visit-one-patient
Description: "A visit is of one patient: one participant has an actor of type Patient."
Severity: #error
Expression: "participant.where(actor.type = 'Patient').count() = 1"

Invariant: visit-one-place
Description: "A visit is at one place at most: no more than one participant has an actor of type Location."
Severity: #error
Expression: "participant.where(actor.type = 'Location').count() <= 1"

Invariant: visit-one-attender
Description: "Where there are participants with an actor of type Practitioner one of them is the attender, by its type."
Severity: #error
Expression: "participant.where(actor.type = 'Practitioner').exists() implies participant.where(type.exists()).count() = 1"

Invariant: visit-person
Description: "People are named by identifier: only a place has none."
Severity: #error
Expression: "actor.where(type != 'Location').exists() implies actor.identifier.exists()"

Invariant: visit-place
Description: "A place is named in words, and has accepted."
Severity: #error
Expression: "actor.where(type = 'Location').exists() implies (actor.display.exists() and status = 'accepted')"

Invariant: visit-patient-role
Description: "The role of a clinician alone is told."
Severity: #error
Expression: "type.exists() implies actor.type = 'Practitioner'"
