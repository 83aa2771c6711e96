Profile: VisitAppointment
Parent: Appointment
Id: visit-appointment
Title: "Visit"
Description: "A visit, and what became of it: a no-show is told from a cancellation, a first visit from a later one, whatever a server makes of the status."
* insert Published
* ^purpose = "In England 19.1 % of psychiatric outpatient visits were missed, where over all specialties it was 11.7 % (Mitchell and Selmes 2007, as cited by Stubbe 2018). Scheduling systems mix what differs in kind: a no-show, a late cancellation, one by the provider, somebody who came late. So the visit says what became of it and by which rule that is known, and whether it was a first visit or a later one: first visits are missed for what the patient believes and for how the referrer prepared them, later ones for how content the patient is."
* insert VisitAppointmentMeanings
* insert Sealed
* insert Identified
* extension contains
    https://alliance-fhir.github.io/ig/StructureDefinition/attendance named attendance 1..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/first-or-follow-up named firstOrFollowUp 1..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/modality named modality 0..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/rescheduled-from named rescheduledFrom 0..* MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/missed-before named missedBefore 0..* MS
* identifier 1..*
* status MS
* status from VisitStatus (required)
* status ^short = "noshow where the patient did not attend and nobody was given notice"
* insert VisitOfVersion
* serviceCategory 0..1 MS
* insert Coded(serviceCategory)
* serviceType 0..1 MS
* specialty 0..1 MS
* insert Coded(specialty)
* appointmentType MS
* insert Told(appointmentType.coding)
* start 1..1 MS
* end 1..1 MS
* minutesDuration MS
* basedOn 0..1 MS
* insert Named(basedOn)
* participant MS
* participant.type 0..1 MS
* participant.type = $participation#ATND
* participant.actor 1..1 MS
* participant.actor only Reference(Patient or Practitioner or Location)
* participant.actor.type 1..1
* participant.actor.identifier.system 1..1
* participant.actor.identifier.value 1..1
* participant.required MS
* participant.status MS
* participant.status from VisitParticipation (required)
* participant obeys visit-person and visit-required and visit-place and visit-patient-role
* obeys visit-no-show and visit-called-off and visit-one-patient and visit-one-place and visit-one-attender

Profile: NoShowAppointment
Parent: VisitAppointment
Id: no-show-appointment
Title: "No-show"
Description: "A visit that was offered, that the patient did not attend, and of which nobody was given notice."
* insert Published
* ^purpose = "A no-show is a visit that was offered, to which the patient did not come, and of which nobody was given notice (Mitchell and Selmes, Psychiatr Serv 2007;58:868). It is told apart, so that it can be searched, counted and answered: missed visits go closely with not taking a medicine as agreed. There is no reason of a cancellation, as nothing was cancelled; and in R4 a misspelt rule of the standard makes servers refuse a no-show that has one."
* status = #noshow
* insert NoCancellationReason

ValueSet: VisitStatus
Id: visit-status
Title: "How a visit stands"
Description: "The statuses of visits; one that was only proposed is none."
* insert Published
* $appointment-status#pending
* $appointment-status#waitlist
* $appointment-status#booked
* $appointment-status#arrived
* $appointment-status#checked-in
* $appointment-status#fulfilled
* $appointment-status#noshow
* $appointment-status#cancelled
* $appointment-status#entered-in-error

ValueSet: VisitParticipation
Id: visit-participation
Title: "Who comes"
Description: "Whoever called a visit off has declined; all others have accepted."
* insert Published
* http://hl7.org/fhir/participationstatus#accepted
* http://hl7.org/fhir/participationstatus#declined

ValueSet: VisitCancellation
Id: visit-cancellation
Title: "Who called a visit off"
Description: "The patient or the provider."
* insert Published
* $cancellation#pat
* $cancellation#prov
