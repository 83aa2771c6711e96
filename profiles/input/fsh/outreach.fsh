Profile: OutreachTask
Parent: Task
Id: outreach-task
Title: "Outreach"
Description: "That somebody is to reach out to a patient who missed a visit, and what to ask: as it is made, and as it is called off. While somebody works on it, its status is theirs."
* insert Published
* insert Sealed
* insert Identified
* identifier 1..1
* basedOn 0..1 MS
* basedOn only Reference(VisitReferral)
* insert Named(basedOn)
* status MS
* status from OutreachStatus (required)
* statusReason MS
* insert OutreachOfVersion
* intent MS
* intent = #order
* code 1..1 MS
* code = $concept#outreach-after-no-show
* description 1..1 MS
* focus 1..1 MS
* focus only Reference(VisitAppointment)
* insert Named(focus)
* for 1..1 MS
* for only Reference(Patient)
* insert Named(for)
* requester 1..1 MS
* requester only Reference(Device)
* insert Named(requester)
* owner MS
* owner only Reference(Organization or CareTeam or Practitioner)
* insert Named(owner)
* input 0..4 MS
* input.type MS
* input.type from https://alliance-fhir.github.io/ig/ValueSet/outreach-input (required)
* input.type.coding 1..1
* input.value[x] MS
* input.value[x] only CodeableConcept or string
* input obeys outreach-which-visit and outreach-words
* obeys outreach-asked and outreach-called-off

Invariant: outreach-asked
Description: "What is asked for says what to ask, and not why it is called off."
Severity: #error
Expression: "status = 'requested' implies (input.count() > 1 and statusReason.exists().not())"

Invariant: outreach-which-visit
Description: "Which visit was missed is a code."
Severity: #error
Expression: "type.coding.code = 'which-visit' implies value.coding.code.matches('^(first|follow-up|unknown)$')"

Invariant: outreach-words
Description: "What to ask is in words."
Severity: #error
Expression: "type.coding.code != 'which-visit' implies value.ofType(string).exists()"

ValueSet: OutreachStatus
Id: outreach-status
Title: "How a Task to reach out stands"
Description: "Asked for; or called off, as the visit was not missed or was none."
* insert Published
* http://hl7.org/fhir/task-status#requested
* http://hl7.org/fhir/task-status#cancelled
* http://hl7.org/fhir/task-status#entered-in-error

ValueSet: MissedVisit
Id: missed-visit
Title: "Why to reach out"
Description: "A visit was not attended, or called off by the patient so late that the site counts it alike."
* insert Published
* $sct#281399006
* $sct#185332005
