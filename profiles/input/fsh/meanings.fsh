// What elements mean, for people who do not know FHIR: the pages of docs/profiles show it. What an
// extension means, its own title and description say.

RuleSet: SealedMeanings
* id ^short = "Given by the server, where the resource is at one"
* meta ^short = "Which profile it fits, how confidential it is, whether it is synthetic, which run wrote it"

RuleSet: AllianceResponseMeanings
* identifier ^short = "By what it is known: where we write it, a digest of what makes the record this record"
* questionnaire ^short = "Which form was answered, with its version"
* status ^short = "completed; amended where the source corrected an answer; entered-in-error where it was withdrawn"
* language ^short = "In which language the form was answered"
* subject ^short = "The patient whom the relationship is about, whoever answered"
* authored ^short = "When it was answered: a time, or the day where no more is known"
* author ^short = "Who wrote the answers down"
* source ^short = "Who answered: the patient, the clinician, an observer or a caregiver"
* item ^short = "One question that was answered; what was left out is not there"
* item.linkId ^short = "Which question of the form"
* item.answer ^short = "The answer"
* item.answer.value[x] ^short = "As it was given: the code of an answer, or a number; never turned around"

RuleSet: AllianceObservationMeanings
* identifier ^short = "By what it is known: where we write it, the digest of the record, and what it is of it"
* status ^short = "final; amended where an answer was corrected; corrected where our rule was; entered-in-error where withdrawn"
* category ^short = "Of which kind it is; others may say more of that than we do"
* code ^short = "Of which instrument and subscale it is, and whose view"
* subject ^short = "The patient whom the rated relationship is about"
* effective[x] ^short = "When the questionnaire was answered"
* performer ^short = "Who rated, where the site wants it on scores; not there as a rule, as a program counted them"
* derivedFrom ^short = "The answers from which it comes; not there where the source gave scores alone"

RuleSet: AlliancePanelMeanings
* language ^short = "In which language the form was answered, where there is no response that says so"
* code ^short = "Of which instrument these scores are, and whose view"
* hasMember ^short = "Each score of this answering"
* value[x] ^short = "It holds scores, and is none"

RuleSet: AllianceScoreMeanings
* value[x] ^short = "The score, with its unit"
* dataAbsentReason ^short = "Why there is no score"
* method ^short = "The rule by which it was found"
* component ^short = "The mean of the answered items, where the instrument has it beside the sum"
* component.code ^short = "Of what it is the mean, and whose view"
* component.value[x] ^short = "The mean, with two decimals"

RuleSet: AllianceQuestionnaireMeanings
* identifier ^short = "By what it is known besides its URL"
* language ^short = "In which language its words are"
* url ^short = "Its canonical URL, by which responses name it"
* version ^short = "The version of the facts; with a new rule its first number rises"
* name ^short = "A name for programs"
* title ^short = "A name for people"
* derivedFrom ^short = "The form from which a site made this one, with its own words"
* status ^short = "It can be used"
* subjectType ^short = "It is about patients"
* publisher ^short = "Who publishes it"
* description ^short = "What it is for, and what is known of it"
* copyright ^short = "Who owns the wording, and what a site needs to use it"
* code ^short = "Of which instrument it is, and whose view"
* item ^short = "A question, or a score that the form filler computes"
* item.linkId ^short = "By what answers name the question"
* item.text ^short = "What is asked; the number of the question where the wording is not ours to show"
* item.type ^short = "What can be answered"
* item.answerOption ^short = "An answer that can be chosen"
* item.answerOption.value[x] ^short = "The code of the answer, and its words where they are ours to show"
* item.code ^short = "Of a score: its code"
* item.readOnly ^short = "Of a score: nobody fills it in"
* item.repeats ^short = "It may be answered more than once"
* item.item ^short = "A question within a group"

RuleSet: AllianceDeviceMeanings
* identifier ^short = "By what it is known: one for each source of data"
* version ^short = "The version of the program"
* version.value ^short = "Its number"
* insert DeviceMeaningsOfVersion

RuleSet: AllianceProvenanceMeanings
* target ^short = "What came of it: each resource of the group, or the plan that was signed"
* occurred[x] ^short = "When it was signed"
* recorded ^short = "When it was written down first"
* activity ^short = "What was done: made, changed or withdrawn, of a message or not"
* agent ^short = "Who had part in it"
* agent.type ^short = "As what: who said it, who signs it, or the program that made resources of it"
* agent.who ^short = "Who that is"
* agent.onBehalfOf ^short = "For which organization"
* entity ^short = "The file, message or version of a plan that it was made of"
* entity.role ^short = "It is the source"
* entity.what ^short = "Known by the digest of its content"

RuleSet: VisitReferralMeanings
* identifier ^short = "By what it is known: ours, and the one that the scheduling system gives"
* status ^short = "unknown, as it is not ours to say whether it still stands; or withdrawn"
* intent ^short = "Somebody asked for it"
* code ^short = "That it is a referral"
* subject ^short = "The patient who was sent"
* requester ^short = "Who sent the patient"

RuleSet: OutreachTaskMeanings
* identifier ^short = "By what it is known: one for each missed visit"
* basedOn ^short = "The referral that had led to the visit"
* status ^short = "Asked for, or called off; what comes between is up to whoever works on it"
* statusReason ^short = "Why it was called off"
* intent ^short = "It is to be done"
* code ^short = "To reach out after a missed visit"
* description ^short = "The same in words"
* focus ^short = "The visit that was missed"
* for ^short = "The patient"
* requester ^short = "The program that made it"
* owner ^short = "Who is to reach out"
* input ^short = "What to know and to ask"
* input.type ^short = "Which it is: which visit was missed, or a question"
* input.value[x] ^short = "A first or a later visit; or the words of the question"
* insert OutreachMeaningsOfVersion
