// Who made what of which source, and who signed a version of a plan: one profile for others, and two
// things that we write.

Profile: WrittenProvenance
Parent: AllianceProvenance
Id: written-provenance
* occurred[x] 0..0
* recorded 1..1
* activity obeys written-activity
* agent ..2
* entity.what.display 1..1
* insert WrittenName(entity.what)

RuleSet: WrittenName(path)
* {path}.reference MS
* {path}.type MS
* {path}.identifier MS
* {path}.display MS

Profile: WrittenPlanSignOff
Parent: AllianceProvenance
Id: written-plan-sign-off
* target 2..*
* target only Reference(CarePlan or Goal or CommunicationRequest or MedicationRequest or ServiceRequest or Task)
* occurred[x] 1..1
* recorded 1..1
* occurred[x] obeys written-day
* activity.coding 0..0
* activity.text 1..1
* activity obeys written-agreement
* agent.who only Reference(Patient or Practitioner or RelatedPerson)
* agent obeys written-agent-patient and written-agent-other and written-agent-guardian
* entity ..1
* entity.what obeys written-plan-version
* obeys written-signed-plan

Invariant: written-activity
Description: "What was done: made, changed or withdrawn; or in words."
Severity: #error
Expression: "coding.exists() or text.exists()"

Invariant: written-agreement
Description: "The version that was signed is said in words."
Severity: #error
Expression: "text.matches('^Agreement to version [1-9][0-9]* of a shared plan$')"

Invariant: written-agent-patient
Description: "The patient signs as an author, and for nobody else."
Severity: #error
Expression: "who.type = 'Patient' implies (type.coding.code = 'author' and onBehalfOf.empty())"

Invariant: written-agent-other
Description: "Everybody else attests."
Severity: #error
Expression: "who.type != 'Patient' implies type.coding.code = 'attester'"

Invariant: written-agent-guardian
Description: "A guardian speaks for no organization."
Severity: #error
Expression: "who.type = 'RelatedPerson' implies onBehalfOf.empty()"

Invariant: written-signed-plan
Description: "One plan was signed, with its goals and tasks."
Severity: #error
Expression: "target.where(type = 'CarePlan').count() = 1"

Invariant: written-plan-version
Description: "What was signed is known by its plan, version and digest."
Severity: #error
Expression: "identifier.system.matches('/plan-version$') and identifier.value.matches('^[0-9a-f]{32}-plan[|][1-9][0-9]*[|]blake2b:[0-9a-f]{32}$')"
