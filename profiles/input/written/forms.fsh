// The forms of instruments, and the two of plans.

Profile: WrittenForm
Parent: AllianceQuestionnaire
Id: written-form
* code 1..*
* item.extension[minValue].value[x] only decimal or integer
* item.extension[maxValue].value[x] only decimal or integer

Profile: WrittenPlanForm
Parent: AllianceQuestionnaire
Id: written-plan-form
* language 1..1
* language = #en
* insert WrittenVersions
* publisher 1..1
* derivedFrom 0..0
* code 0..0
* item.extension[minValue].value[x] only integer
* item.extension[maxValue].value[x] only integer
* item.code 0..0
* item.readOnly 0..0
* item.repeats = true
* item.answerOption.value[x] from WrittenPlanAnswers (required)
* item obeys written-form-group and written-form-link and written-form-refers and written-form-bounds and written-form-options
* obeys written-form-url

ValueSet: WrittenPlanAnswers
Id: written-plan-answers
Title: "Answers of plan forms"
Description: "How far a goal has come, and how much in doubt somebody is."
* insert Published
* include codes from valueset PlanGoalAchievement
* https://alliance-fhir.github.io/ig/CodeSystem/check-in-answer#none
* https://alliance-fhir.github.io/ig/CodeSystem/check-in-answer#some
* https://alliance-fhir.github.io/ig/CodeSystem/check-in-answer#strong

Invariant: written-form-url
Description: "There are two forms of plans."
Severity: #error
Expression: "url.matches('/Questionnaire/(first-conversation|plan-review)$')"

Invariant: written-form-group
Description: "A group has questions, and nothing else has."
Severity: #error
Expression: "(type = 'group') = item.exists()"

Invariant: written-form-link
Description: "A question is known by its place in a plan document."
Severity: #error
Expression: "linkId.matches('^[a-z]+(_[a-z]+)*([.][a-z]+(_[a-z]+)*)?$')"

Invariant: written-form-refers
Description: "Questions are about goals, medicines and people."
Severity: #error
Expression: "extension('http://hl7.org/fhir/StructureDefinition/questionnaire-referenceResource').all(value in ('Goal' | 'MedicationRequest' | 'Patient' | 'Practitioner' | 'RelatedPerson'))"

Invariant: written-form-bounds
Description: "Numbers of days and degrees are not below 0."
Severity: #error
Expression: "extension('http://hl7.org/fhir/StructureDefinition/minValue').all(value >= 0)"

Invariant: written-form-options
Description: "Whoever chooses reads what there is."
Severity: #error
Expression: "answerOption.all(value.display.exists())"
