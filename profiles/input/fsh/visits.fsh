Profile: VisitAppointment
Parent: Appointment
Id: visit-appointment
Title: "Visit"
Description: "A visit, and what became of it: a no-show is told from a cancellation, a first visit from a later one, whatever a server makes of the status."
* insert Published
* insert Sealed
* extension contains
    https://alliance-fhir.github.io/ig/StructureDefinition/attendance named attendance 1..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/first-or-follow-up named firstOrFollowUp 1..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/modality named modality 0..1 and
    https://alliance-fhir.github.io/ig/StructureDefinition/rescheduled-from named rescheduledFrom 0..* and
    https://alliance-fhir.github.io/ig/StructureDefinition/missed-before named missedBefore 0..*
* identifier 1..* MS
* identifier.system 1..1
* identifier.value 1..1
* status MS
* status ^short = "noshow where the patient did not attend and nobody was given notice"
* start 1..1 MS
* end 1..1 MS
* basedOn only Reference(ServiceRequest)
* participant MS
* participant.actor 1..1 MS
* obeys visit-no-show and visit-called-off and visit-one-patient

Profile: NoShowAppointment
Parent: VisitAppointment
Id: no-show-appointment
Title: "No-show"
Description: "A visit that was offered, that the patient did not attend, and of which nobody was given notice."
* insert Published
* status = #noshow
* insert NoCancellationReason

Invariant: visit-no-show
Description: "The status is noshow where the attendance is, and nowhere else; what was entered in error is neither."
Severity: #error
Expression: "status = 'entered-in-error' or (status = 'noshow') = extension('https://alliance-fhir.github.io/ig/StructureDefinition/attendance').extension('kind').value.where(code = 'no-show').exists()"

// No slice: whom a reference by identifier means, only its type says.
Invariant: visit-one-patient
Description: "A visit is of one patient."
Severity: #error
Expression: "participant.actor.where(type = 'Patient' or reference.matches('(^|/)Patient/')).count() = 1"

Profile: OutreachTask
Parent: Task
Id: outreach-task
Title: "Outreach"
Description: "That somebody is to reach out to a patient who missed a visit, and what to ask."
* insert Published
* insert Sealed
* identifier 1..* MS
* intent = #order
* code 1..1 MS
* code = $concept#outreach-after-no-show
* focus 1..1 MS
* focus only Reference(VisitAppointment)
* for 1..1 MS
* for only Reference(Patient)
* owner MS
* input.type from https://alliance-fhir.github.io/ig/ValueSet/outreach-input (required)
