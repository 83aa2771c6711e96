// What the elements of that mean which was said or seen in shared plans.

RuleSet: PlanObservationMeanings
* identifier ^short = "By what it is known: the plan's, and what it is in it"
* status ^short = "How it stands"
* category ^short = "Of which kind it is"
* code ^short = "What it says"
* subject ^short = "The patient"
* effective[x] ^short = "When it was said"
* value[x] ^short = "What was said"

RuleSet: PlanBarrierMeanings
* value[x] ^short = "What keeps the patient from it, in the patient's words"
* derivedFrom ^short = "The first conversation or review in which it was said"

RuleSet: PlanPreferenceMeanings
* category ^short = "Of treatment, or of care"
* performer ^short = "Whose wish it is"
* value[x] ^short = "What is wanted, in their words"

RuleSet: PlanAdherenceMeanings
* focus ^short = "Which medicine"
* performer ^short = "Who said it"
* value[x] ^short = "The medicine was taken as agreed on so many days, in words"
* derivedFrom ^short = "The review in which it was said"
* component ^short = "The days, counted"
* component.code ^short = "Which days"
* component.value[x] ^short = "How many"

RuleSet: PlanScoreMeanings
* code ^short = "Content or in doubt with what: the codes of the check-in"
* performer ^short = "Whose view it is"
* method ^short = "That it is the answer itself"
* value[x] ^short = "From 0 to 10, or how strong a doubt is"
* derivedFrom ^short = "The review in which it was said"

RuleSet: PlanResponseMeanings
* identifier ^short = "By what it is known: the plan's, and which conversation or review"
* questionnaire ^short = "First conversation or plan review, with the version of the form"
* status ^short = "How it stands"
* subject ^short = "The patient"
* authored ^short = "When it was said"
* source ^short = "The patient, whose view and words these are"
* item ^short = "A question, or a group of questions"
* item.linkId ^short = "Which of the form"
* item.answer ^short = "What was said"
* item.answer.value[x] ^short = "In words"
* item.item ^short = "A question of the group"
* item.item.linkId ^short = "Which of the form"
* item.item.answer ^short = "What was said"
* item.item.answer.value[x] ^short = "In words, as a number, a code, or whom or what is meant"
