Alias: $acceptance = http://hl7.org/fhir/StructureDefinition/goal-acceptance

Profile: AgreedGoal
Parent: Goal
Id: agreed-goal
Title: "Agreed goal"
Description: "A goal of a shared plan, with who agreed to its words. It is active only when all parties have."
* insert Published
* insert OfPlan
* insert IdentifierAmongOthers
* extension contains $acceptance named acceptance 2..* MS
* extension[acceptance] obeys goal-said and goal-withdrawn
* extension[acceptance].extension[individual] MS
* extension[acceptance].extension[individual].value[x] only Reference(Patient or Practitioner or RelatedPerson)
* extension[acceptance].extension[status] 1..1 MS
* extension[acceptance].extension contains https://alliance-fhir.github.io/ig/StructureDefinition/agreement-to named agreementTo 0..1 MS
* lifecycleStatus MS
* lifecycleStatus from PlanGoalStatus (required)
* achievementStatus MS
* achievementStatus from PlanGoalAchievement (required)
* priority MS
* priority from PlanGoalPriority (required)
* description MS
* insert InWords(description)
* subject MS
* subject only Reference(Patient)
* start[x] 1..1 MS
* start[x] only date
* target 0..1 MS
* target.measure 1..1 MS
* insert InWords(target.measure)
* target.detail[x] MS
* target.detail[x] only Quantity or string
* target.due[x] MS
* target.due[x] only date
* target obeys goal-comparator and goal-unit
* statusDate MS
* statusReason MS
* insert WhoWantedIt
* obeys goal-agreed and goal-left

Invariant: goal-agreed
Description: "A goal to which somebody says no, or has not said anything, is not active."
Severity: #error
Expression: "lifecycleStatus = 'active' implies extension('http://hl7.org/fhir/StructureDefinition/goal-acceptance').all(extension('status').value = 'agree')"

Invariant: goal-left
Description: "Why it stands so is said of what a later version of the plan leaves out: since when, and that it has ended."
Severity: #error
Expression: "statusReason.exists() implies (statusDate.exists() and (lifecycleStatus = 'cancelled' or lifecycleStatus = 'rejected'))"

Invariant: goal-said
Description: "Who agrees or says no has said so on a day."
Severity: #error
Expression: "extension('status').value != 'pending' implies extension('https://alliance-fhir.github.io/ig/StructureDefinition/agreement-to').extension('on').exists()"

Invariant: goal-withdrawn
Description: "Where it is pending what was said to these words, it was taken back; and nothing else was."
Severity: #error
Expression: "(extension('status').value = 'pending' and extension('https://alliance-fhir.github.io/ig/StructureDefinition/agreement-to').extension('on').exists()) = extension('https://alliance-fhir.github.io/ig/StructureDefinition/agreement-to').extension('withdrawn').exists()"

Invariant: goal-comparator
Description: "What is compared with is a number."
Severity: #error
Expression: "detail.ofType(Quantity).comparator.exists() implies detail.ofType(Quantity).value.exists()"

Invariant: goal-unit
Description: "A unit that has a code is one of UCUM, and is told in words, too."
Severity: #error
Expression: "(detail.ofType(Quantity).code.exists() or detail.ofType(Quantity).system.exists()) implies (detail.ofType(Quantity).code.exists() and detail.ofType(Quantity).unit.exists() and detail.ofType(Quantity).system = 'http://unitsofmeasure.org')"
