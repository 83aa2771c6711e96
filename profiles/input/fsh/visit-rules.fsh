// What holds between the elements of a visit.

Invariant: visit-no-show
Description: "The status is noshow where the attendance is, and nowhere else; what was entered in error is neither."
Severity: #error
Expression: "status = 'entered-in-error' or (status = 'noshow') = extension('https://alliance-fhir.github.io/ig/StructureDefinition/attendance').extension('kind').value.where(code = 'no-show').exists()"

// No slices of participants: whom a reference by identifier means, only its type says.
Invariant: visit-one-patient
Description: "A visit is of one patient."
Severity: #error
Expression: "participant.where(actor.type = 'Patient').count() = 1"

Invariant: visit-one-place
Description: "A visit is at one place at most."
Severity: #error
Expression: "participant.where(actor.type = 'Location').count() <= 1"

Invariant: visit-one-attender
Description: "Of the clinicians one is the attender."
Severity: #error
Expression: "participant.where(actor.type = 'Practitioner').exists() implies participant.where(type.exists()).count() = 1"

Invariant: visit-one-placer
Description: "Of the numbers one at most is that of whoever asked for the visit."
Severity: #error
Expression: "identifier.where(type.exists()).count() = identifier.count() - 2"

Invariant: visit-person
Description: "People are named by identifier."
Severity: #error
Expression: "actor.type != 'Location' implies actor.identifier.exists()"

Invariant: visit-place
Description: "A place is named in words, and has accepted."
Severity: #error
Expression: "actor.type = 'Location' implies (actor.display.exists() and status = 'accepted')"

Invariant: visit-patient-role
Description: "The role of a clinician alone is told."
Severity: #error
Expression: "type.exists() implies actor.type = 'Practitioner'"
