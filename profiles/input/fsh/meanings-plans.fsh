// What the elements of shared plans mean.

RuleSet: SharedCarePlanMeanings
* identifier ^short = "By what it is known: a digest of what makes the plan this plan"
* text ^short = "The whole plan as text, to be read as it stands"
* replaces ^short = "The plan that ended, and in whose place this one is"
* status ^short = "How the plan stands"
* intent ^short = "It is a plan: nothing is ordered by it"
* category ^short = "That it is a care plan"
* subject ^short = "The patient"
* period ^short = "From when the plan holds"
* period.start ^short = "Its first day"
* created ^short = "When its first version was written"
* careTeam ^short = "Who has part in it"
* goal ^short = "Each goal that it has"
* supportingInfo ^short = "What was said before and after: the first conversation, reviews, preferences"
* activity ^short = "What is to be done"
* insert PlannedActivityMeanings

RuleSet: SharedCareTeamMeanings
* identifier ^short = "By what it is known: the plan's, and that it is its team"
* status ^short = "How it stands, as the plan does"
* subject ^short = "The patient whom the plan is about"
* participant ^short = "Each who has part"
* participant.role ^short = "As what: patient, clinician or guardian"
* participant.member ^short = "Who that is"

RuleSet: AgreedGoalMeanings
* identifier ^short = "By what it is known: the plan's, and which goal of it; a site's own besides"
* lifecycleStatus ^short = "active only where all parties agree"
* achievementStatus ^short = "How far it has come, as the last review says"
* priority ^short = "How much it matters"
* description ^short = "The goal, in the words that were agreed on"
* subject ^short = "The patient"
* start[x] ^short = "Since when it is in the plan"
* target ^short = "By what both will see that it is reached"
* target.measure ^short = "What is looked at, in words"
* target.detail[x] ^short = "What it is to come to"
* target.due[x] ^short = "By when"
* statusDate ^short = "Since when it stands so, where it was left out of a later version"
* statusReason ^short = "Why it stands so"
* insert GoalMeaningsOfVersion

// What the kinds of requests have in common.
RuleSet: PlanRequestMeanings
* identifier ^short = "By what it is known: the plan's, and which task of it; a site's own besides"
* status ^short = "active or accepted only where all parties agree"
* authoredOn ^short = "The day on which it came into the plan"
* requester ^short = "Who proposed it"
* note ^short = "What else was thought of, and other things that were said of it"

RuleSet: PlanServiceRequestMeanings
* insert PlanRequestMeanings
* intent ^short = "It is a plan: nothing is booked by it"
* category ^short = "Which kind of task; the next review has none"
* code ^short = "What it is, in words; the next review by a code"
* subject ^short = "The patient"
* occurrence[x] ^short = "When: of a task in somebody's own words, of the next review a date or time"
* performer ^short = "Who does it"

RuleSet: PlanMedicationRequestMeanings
* insert PlanRequestMeanings
* intent ^short = "It is a plan: nothing is prescribed by it"
* statusReason ^short = "Why it stands so, where a later version leaves it out"
* subject ^short = "The patient"
* performer ^short = "Who sees to it"
* dosageInstruction ^short = "How it is to be taken"
* dosageInstruction.timing ^short = "When"
* dosageInstruction.timing.code ^short = "In the plan's own words"
* insert MedicineMeaningsOfVersion

RuleSet: PlanTaskMeanings
* insert PlanRequestMeanings
* statusReason ^short = "Why it stands so, where a later version leaves it out"
* intent ^short = "It is a plan"
* code ^short = "Which kind of task"
* description ^short = "What is to be done, in the words that were agreed on"
* for ^short = "The patient"
* owner ^short = "Who does it"

RuleSet: PlanCommunicationRequestMeanings
* insert PlanRequestMeanings
* statusReason ^short = "Why it stands so, where a later version leaves it out"
* category ^short = "Contact as a task, between visits, or when it is urgent"
* subject ^short = "The patient"
* payload ^short = "What it is"
* payload.content[x] ^short = "In words"
* insert ContactMeaningsOfVersion
