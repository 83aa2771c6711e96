// Responses to the two forms of plans, question by question: what the forms say for others.

Profile: WrittenPlanResponse
Parent: PlanResponse
Id: written-plan-response
* item obeys written-once and written-barrier and written-adolescent and written-goal and written-satisfaction and written-doubt and written-adherence
* item.item obeys written-part-once and written-part-words and written-part-pressure and written-part-goal and written-part-achievement and written-part-degree and written-part-doubt and written-part-medicine and written-part-days and written-part-who
* obeys written-first and written-review

Invariant: written-first
Description: "The questions of a first conversation."
Severity: #error
Expression: "questionnaire.contains('/first-conversation|') implies item.all(linkId in ('reason' | 'hopes' | 'concerns' | 'outcome_sought' | 'barriers' | 'background' | 'adolescent'))"

Invariant: written-review
Description: "The questions of a review."
Severity: #error
Expression: "questionnaire.contains('/plan-review|') implies item.all(linkId in ('works' | 'does_not' | 'changes' | 'goals' | 'satisfaction' | 'doubts' | 'adherence'))"

Invariant: written-once
Description: "There is one reason, and one outcome that is sought."
Severity: #error
Expression: "linkId in ('reason' | 'outcome_sought') implies answer.count() = 1"

Invariant: written-barrier
Description: "The parts of a barrier."
Severity: #error
Expression: "linkId = 'barriers' implies item.all(linkId in ('barriers.text' | 'barriers.plan'))"

Invariant: written-adolescent
Description: "What an adolescent was asked."
Severity: #error
Expression: "linkId = 'adolescent' implies item.all(linkId in ('adolescent.pressured_to_attend' | 'adolescent.options_offered'))"

Invariant: written-goal
Description: "What a review says of a goal."
Severity: #error
Expression: "linkId = 'goals' implies item.all(linkId in ('goals.goal' | 'goals.achievement' | 'goals.words'))"

Invariant: written-satisfaction
Description: "With what a patient is content."
Severity: #error
Expression: "linkId = 'satisfaction' implies item.all(linkId in ('satisfaction.treatment' | 'satisfaction.relationship' | 'satisfaction.communication' | 'satisfaction.plan'))"

Invariant: written-doubt
Description: "Of what a patient is in doubt."
Severity: #error
Expression: "linkId = 'doubts' implies item.all(linkId in ('doubts.diagnosis' | 'doubts.medication' | 'doubts.treatment'))"

Invariant: written-adherence
Description: "What a review says of a medicine."
Severity: #error
Expression: "linkId = 'adherence' implies item.all(linkId in ('adherence.medicine' | 'adherence.taken_as_agreed' | 'adherence.of_days' | 'adherence.said_by' | 'adherence.words'))"

Invariant: written-part-once
Description: "Only options that were offered can be several."
Severity: #error
Expression: "linkId != 'adolescent.options_offered' implies answer.count() = 1"

Invariant: written-part-words
Description: "Words."
Severity: #error
Expression: "linkId in ('barriers.text' | 'barriers.plan' | 'adolescent.options_offered' | 'goals.words' | 'adherence.words') implies answer.all(value.ofType(string).exists())"

Invariant: written-part-pressure
Description: "Yes or no."
Severity: #error
Expression: "linkId = 'adolescent.pressured_to_attend' implies answer.all(value.ofType(boolean).exists())"

Invariant: written-part-goal
Description: "A goal."
Severity: #error
Expression: "linkId = 'goals.goal' implies answer.all(value.ofType(Reference).type = 'Goal')"

Invariant: written-part-achievement
Description: "How far it has come."
Severity: #error
Expression: "linkId = 'goals.achievement' implies answer.all(value.ofType(Coding).system = 'http://terminology.hl7.org/CodeSystem/goal-achievement' and value.ofType(Coding).code in ('in-progress' | 'improving' | 'worsening' | 'no-change' | 'achieved' | 'sustaining' | 'not-achieved' | 'no-progress' | 'not-attainable') and value.ofType(Coding).display.empty())"

Invariant: written-part-degree
Description: "How content, from 0 to 10."
Severity: #error
Expression: "linkId.matches('^satisfaction[.]') implies answer.all(value.ofType(integer) >= 0 and value.ofType(integer) <= 10)"

Invariant: written-part-doubt
Description: "How much in doubt."
Severity: #error
Expression: "linkId.matches('^doubts[.]') implies answer.all(value.ofType(Coding).system = 'https://alliance-fhir.github.io/ig/CodeSystem/check-in-answer' and value.ofType(Coding).code in ('none' | 'some' | 'strong') and value.ofType(Coding).display.empty())"

Invariant: written-part-medicine
Description: "A medicine."
Severity: #error
Expression: "linkId = 'adherence.medicine' implies answer.all(value.ofType(Reference).type = 'MedicationRequest')"

Invariant: written-part-days
Description: "How many days, of a year at most."
Severity: #error
Expression: "(linkId = 'adherence.taken_as_agreed' implies answer.all(value.ofType(integer) >= 0 and value.ofType(integer) <= 366)) and (linkId = 'adherence.of_days' implies answer.all(value.ofType(integer) >= 1 and value.ofType(integer) <= 366))"

Invariant: written-part-who
Description: "Who says so."
Severity: #error
Expression: "linkId = 'adherence.said_by' implies answer.all(value.ofType(Reference).type in ('Patient' | 'Practitioner' | 'RelatedPerson'))"
