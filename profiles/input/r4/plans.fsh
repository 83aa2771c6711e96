// What differs between the versions of FHIR.

RuleSet: PlannedActivity
* activity.reference 1..1 MS
* activity.reference only Reference(CommunicationRequest or MedicationRequest or ServiceRequest or Task)
* activity.reference.extension contains $keptByOthers named keptByOthers 0..1 MS
* activity.reference obeys plan-reference

RuleSet: WhoWantedIt
* expressedBy MS
* insert OfParties(expressedBy)

RuleSet: PlanMedicine
* medication[x] MS
* medication[x] only CodeableConcept
* insert InWords(medication[x])

RuleSet: PlanService
* code 1..1 MS
* code.text 1..1
* code.coding = $concept#plan-review

Invariant: service-code
Description: "A task is told in words, and the next review by its code."
Severity: #error
Expression: "category.exists() != code.coding.exists() and (code.coding.exists() implies code.text = 'Plan review')"

RuleSet: InWordsWhyTask
* insert InWords(statusReason)

RuleSet: PlanCommunication
* payload.content[x] only string
* sender MS
* insert OfParties(sender)

Invariant: contact-alone
Description: "How the two reach each other nobody proposes, agrees to, or does; and nothing else is said of it."
Severity: #error
Expression: "(extension('https://alliance-fhir.github.io/ig/StructureDefinition/agreement').exists() or extension('http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal').exists() or requester.exists() or sender.exists() or note.exists()) implies category.coding.code = 'contact'"
