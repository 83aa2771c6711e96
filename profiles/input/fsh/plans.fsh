Profile: SharedCarePlan
Parent: CarePlan
Id: shared-care-plan
Title: "Shared care plan"
Description: "A plan that patient and clinician wrote together, in its newest version."
* insert Published
* insert Sealed
* extension contains
    https://alliance-fhir.github.io/ig/StructureDefinition/plan-version named planVersion 1..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/plan-written named planWritten 1..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/source-record named sourceRecord 0..1
* identifier 1..* MS
* status MS
* intent = #plan
* category 1..* MS
* subject 1..1 MS
* subject only Reference(Patient)
* created 1..1 MS
* contributor 1..* MS
* goal MS

Profile: AgreedGoal
Parent: Goal
Id: agreed-goal
Title: "Agreed goal"
Description: "A goal of a shared plan, with who agreed to its words. It is active only when all parties have."
* insert Published
* insert Sealed
* extension contains http://hl7.org/fhir/StructureDefinition/goal-acceptance named acceptance 0..* MS
* identifier 1..* MS
* lifecycleStatus MS
* achievementStatus MS
* description MS
* description.text 1..1
* subject 1..1 MS
* subject only Reference(Patient)
* obeys goal-agreed

Invariant: goal-agreed
Description: "A goal to which somebody says no, or to which nobody has said anything, is not active."
Severity: #error
Expression: "lifecycleStatus = 'active' implies (extension('http://hl7.org/fhir/StructureDefinition/goal-acceptance').exists() and extension('http://hl7.org/fhir/StructureDefinition/goal-acceptance').all(extension('status').value = 'agree'))"
