// What is to be done, as the plan says it. None of it is an order.

Alias: $agreement = https://alliance-fhir.github.io/ig/StructureDefinition/agreement
Alias: $pertainsToGoal = http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal

// `least`: how many parties there are at least who are asked to agree.
RuleSet: PlanRequest(least)
* insert OfPlan
* insert IdentifierAmongOthers
* extension contains $agreement named agreement {least}..* MS and $pertainsToGoal named pertainsToGoal 0..* MS
* status MS
* authoredOn 1..1 MS
* authoredOn obeys plan-day
* requester MS
* insert OfParties(requester)
* note MS
* note.extension contains http://hl7.org/fhir/StructureDefinition/annotationType named annotationType 1..1 MS
* note.extension[annotationType].value[x] from PlanNote (required)
* obeys request-agreed

Invariant: request-agreed
Description: "What somebody says no to, or has not said anything to, nobody is asked to do."
Severity: #error
Expression: "(status = 'active' or status = 'accepted') implies extension('https://alliance-fhir.github.io/ig/StructureDefinition/agreement').all(extension('status').value = 'agree')"

Invariant: request-left
Description: "Why it stands so is said of what a later version of the plan leaves out, which has ended."
Severity: #error
Expression: "statusReason.exists() implies (status = 'cancelled' or status = 'revoked')"

Profile: PlanMedicationRequest
Parent: MedicationRequest
Id: plan-medication-request
Title: "Medicine of a shared plan"
Description: "That a medicine is part of a shared plan, with who agreed to it. It is no order: nobody gets a medicine by it."
* insert Published
* insert PlanRequest(2)
* status from PlanMedicationStatus (required)
* statusReason MS
* insert InWords(statusReason)
* intent MS
* intent = #plan
* insert PlanMedicine
* subject MS
* subject only Reference(Patient)
* performer 0..1 MS
* insert OfParties(performer)
* dosageInstruction 0..1 MS
* dosageInstruction.timing 1..1 MS
* dosageInstruction.timing.event 0..0
* dosageInstruction.timing.repeat 0..0
* dosageInstruction.timing.code 1..1 MS
* insert InWords(dosageInstruction.timing.code)
* obeys request-left

Profile: PlanServiceRequest
Parent: ServiceRequest
Id: plan-service-request
Title: "Visit, psychotherapy or next review of a shared plan"
Description: "A task of a shared plan that is a visit or psychotherapy, which has a category, with who agreed to it; or when patient and clinician look back at the plan next, to which nobody is asked to agree."
* insert Published
* insert PlanRequest(0)
* extension contains http://hl7.org/fhir/StructureDefinition/request-statusReason named statusReason 0..1 MS
* insert InWords(extension[statusReason].value[x])
* status from PlanRequestStatus (required)
* intent MS
* intent = #plan
* category 0..1 MS
* category from PlanServiceCategory (required)
* insert PlanService
* subject MS
* subject only Reference(Patient)
* occurrence[x] MS
* occurrence[x] only dateTime or Timing
* performer 0..1 MS
* insert OfParties(performer)
* obeys service-of-task and service-asked and service-of-review and service-code and service-timing

Invariant: service-of-task
Description: "Either it is a task of a category, or it is the next review, at a time."
Severity: #error
Expression: "category.exists() != occurrence.ofType(dateTime).exists()"

Invariant: service-asked
Description: "Of a task the parties are asked whether they agree."
Severity: #error
Expression: "category.exists() implies extension('https://alliance-fhir.github.io/ig/StructureDefinition/agreement').count() >= 2"

Invariant: service-of-review
Description: "Nobody proposes the next review, agrees to it, or does it; and nothing else is said of it."
Severity: #error
Expression: "(extension('https://alliance-fhir.github.io/ig/StructureDefinition/agreement').exists() or extension('http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal').exists() or requester.exists() or performer.exists() or note.exists()) implies category.exists()"

Invariant: service-timing
Description: "When a task is to be done is told in somebody's own words."
Severity: #error
Expression: "occurrence.ofType(Timing).exists() implies (occurrence.ofType(Timing).code.text.exists() and (occurrence.ofType(Timing).code.coding.exists() or occurrence.ofType(Timing).event.exists() or occurrence.ofType(Timing).repeat.exists()).not())"
