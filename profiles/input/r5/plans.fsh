// What differs between the versions of FHIR.

RuleSet: PlannedActivity
* activity.plannedActivityReference 1..1 MS
* activity.plannedActivityReference only Reference(CommunicationRequest or MedicationRequest or ServiceRequest or Task)
* activity.plannedActivityReference.extension contains $keptByOthers named keptByOthers 0..1 MS
* activity.plannedActivityReference obeys plan-reference

RuleSet: WhoWantedIt
* source MS
* insert OfParties(source)

RuleSet: PlanMedicine
* statusChanged MS
* statusChanged obeys plan-day
* medication MS
* medication.concept 1..1 MS
* medication.reference 0..0
* insert InWords(medication.concept)

RuleSet: PlanService
* code 1..1 MS
* code.concept 1..1 MS
* code.reference 0..0
* code.concept.text 1..1
* code.concept.coding = $concept#plan-review

Invariant: service-code
Description: "A task is told in words, and the next review by its code."
Severity: #error
Expression: "category.exists() != code.concept.coding.exists() and (code.concept.coding.exists() implies code.concept.text = 'Plan review')"

RuleSet: InWordsWhyTask
* statusReason.concept 1..1 MS
* statusReason.reference 0..0
* insert InWords(statusReason.concept)

RuleSet: PlanCommunication
* intent MS
* intent = #plan
* payload.content[x] only CodeableConcept
* insert InWords(payload.content[x])
* informationProvider 0..1 MS
* insert OfParties(informationProvider)

Invariant: contact-alone
Description: "How the two reach each other nobody proposes, agrees to, or does; and nothing else is said of it."
Severity: #error
Expression: "(extension('https://alliance-fhir.github.io/ig/StructureDefinition/agreement').exists() or extension('http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal').exists() or requester.exists() or informationProvider.exists() or note.exists()) implies category.coding.code = 'contact'"
