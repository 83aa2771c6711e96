// What the questions are, of which type, how often they are answered, and from which answers one
// chooses, the two forms say: a response is held to the one that it names.

Profile: PlanResponse
Parent: QuestionnaireResponse
Id: plan-response
Title: "First conversation or plan review"
Description: "What was said before the plan, or in a look back at it: the patient's own view and words. Who wrote them down is not known."
* insert Published
* insert OfPlan
* insert OwnIdentifier
* questionnaire 1..1 MS
* status MS
* status from PlanResponseStatus (required)
* subject 1..1 MS
* subject only Reference(Patient)
* authored 1..1 MS
* source 1..1 MS
* source only Reference(Patient)
* item MS
* item.linkId MS
* item.text 0..0
* item.answer MS
* item.answer.value[x] 1..1 MS
* item.answer.value[x] only string
* item.answer.item 0..0
* item.item MS
* item.item.linkId MS
* item.item.text 0..0
* item.item.answer 1..* MS
* item.item.answer.value[x] 1..1 MS
* item.item.answer.value[x] only string or boolean or integer or Coding or Reference
* item.item.answer.item 0..0
* item.item.item 0..0
* item obeys response-group and response-barrier and response-goal and response-adherence
* obeys response-form and response-first

Invariant: response-form
Description: "It is a response to one of the two forms, in the version that asks so."
Severity: #error
Expression: "questionnaire = 'https://alliance-fhir.github.io/ig/Questionnaire/first-conversation|1.0.0' or questionnaire = 'https://alliance-fhir.github.io/ig/Questionnaire/plan-review|1.0.0'"

Invariant: response-first
Description: "There is no first conversation in which nothing was said."
Severity: #error
Expression: "questionnaire = 'https://alliance-fhir.github.io/ig/Questionnaire/first-conversation|1.0.0' implies item.exists()"

Invariant: response-group
Description: "There is an answer, or there are answers within."
Severity: #error
Expression: "answer.exists() != item.exists()"

Invariant: response-barrier
Description: "Of a barrier it is said what it is."
Severity: #error
Expression: "linkId = 'barriers' implies item.where(linkId = 'barriers.text').exists()"

Invariant: response-goal
Description: "Of a goal it is said which, and how far it has come."
Severity: #error
Expression: "linkId = 'goals' implies (item.where(linkId = 'goals.goal').exists() and item.where(linkId = 'goals.achievement').exists())"

Invariant: response-adherence
Description: "Of a medicine it is said which, on how many days of how many it was taken as agreed, and who says so."
Severity: #error
Expression: "linkId = 'adherence' implies (item.where(linkId = 'adherence.medicine').exists() and item.where(linkId = 'adherence.taken_as_agreed').exists() and item.where(linkId = 'adherence.of_days').exists() and item.where(linkId = 'adherence.said_by').exists())"
