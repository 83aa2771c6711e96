// What no standard has an element or an extension for.

Extension: ContentDigest
Id: content-digest
Title: "Content digest"
Description: "The digest of the resource's content as alliance-fhir wrote it. Content that no longer fits it was edited by somebody else."
Context: Appointment, CarePlan, CareTeam, CommunicationRequest, Device, Goal, Measure, MeasureReport, MedicationRequest, Observation, Patient, Practitioner, Provenance, Questionnaire, QuestionnaireResponse, ServiceRequest, Task
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only string

Extension: RatedClinician
Id: rated-clinician
Title: "Rated clinician"
Description: "The clinician whose relationship with the patient is rated, whoever does the rating."
Context: Observation, QuestionnaireResponse
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only Reference(Practitioner or PractitionerRole)

Extension: RatedAppointment
Id: appointment
Title: "Appointment"
Description: "The appointment after which, or at which, the rating was made."
Context: Observation, QuestionnaireResponse
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only Reference(Appointment)

Extension: SessionNumber
Id: session-number
Title: "Session number"
Description: "Which session of a treatment the rating is about; the first is 1."
Context: Observation, QuestionnaireResponse
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only positiveInt

Extension: SourceRecord
Id: source-record
Title: "Source record"
Description: "The id that the source itself has given to the record."
Context: CarePlan, Observation, QuestionnaireResponse
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only string

Extension: Rater
Id: rater
Title: "Rater"
Description: "Who answered, where scores came without a response that says so, and it is neither the patient nor the rated clinician."
Context: Observation
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only Reference(Patient or Practitioner or PractitionerRole or RelatedPerson)

Extension: Mode
Id: mode
Title: "Mode"
Description: "How the answers were given, where scores came without a response that says so: electronic, paper, face-to-face, phone, video, verbal."
Context: Observation
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only code

Extension: Attendance
Id: attendance
Title: "Attendance"
Description: "What became of a visit: so that a no-show is told from a cancellation, and a late cancellation from one in time, whatever the status says."
Context: Appointment
* insert Published
* . 0..1
* insert Part(kind, 1, Coding, "What became of it\, a code of ours.")
* extension[kind].value[x] from https://alliance-fhir.github.io/ig/ValueSet/attendance-kind (required)
* insert Part(rule, 1, Coding, "By which rule that is known\, a code of ours.")
* extension[rule].value[x] from https://alliance-fhir.github.io/ig/ValueSet/attendance-rule (required)
* insert Part(notice, 0, dateTime, "When notice was given: a time\, or a day.")
* insert Part(status-code, 0, Coding, "How the source itself says how it stands.")
* insert Part(event-reason, 0, CodeableConcept, "Why the source says it stands so.")

Extension: FirstOrFollowUp
Id: first-or-follow-up
Title: "First or follow-up visit"
Description: "Whether a visit is the patient's first to a service, of those that were attended."
Context: Appointment
* insert Published
* . 0..1
* insert Part(kind, 1, Coding, "Which it is\, a code of ours.")
* extension[kind].value[x] from https://alliance-fhir.github.io/ig/ValueSet/first-or-follow-up-kind (required)
* insert Part(rule, 1, Coding, "By which rule that is known\, a code of ours.")
* extension[rule].value[x] from https://alliance-fhir.github.io/ig/ValueSet/first-or-follow-up-rule (required)

Extension: MissedBefore
Id: missed-before
Title: "Missed before"
Description: "When a visit was to begin that was missed, and then booked for another time: once for each such time, of those from which it was rescheduled."
Context: Appointment
* insert Published
* value[x] 1..1
* value[x] only dateTime

Extension: Modality
Id: modality
Title: "Modality"
Description: "How patient and clinician were to meet."
Context: Appointment
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only CodeableConcept

Extension: RescheduledFrom
Id: rescheduled-from
Title: "Rescheduled from"
Description: "When a visit was to begin before it was moved to another time: once for each such time, from the first to the last."
Context: Appointment
* insert Published
* value[x] 1..1
* value[x] only dateTime

Extension: ScoreInterval
Id: score-interval
Title: "Score interval"
Description: "The interval of a proportion, and how many patients stand behind it: what is counted of one patient is not independent."
Context: Quantity
* insert Published
* . 0..1
* insert Part(level, 1, decimal, "Of how many per cent it is.")
* insert Part(method, 1, CodeableConcept, "How it was found.")
* insert Part(low, 1, decimal, "Its lower end\, from 0 to 1.")
* insert Part(high, 1, decimal, "Its upper end\, from 0 to 1.")
* insert Part(patients, 1, integer, "How many patients there are.")

Extension: PlanVersion
Id: plan-version
Title: "Plan version"
Description: "Which version of a shared plan this is, as its document counts them; the first is 1."
Context: CarePlan
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only positiveInt

Extension: PlanWritten
Id: plan-written
Title: "Plan written"
Description: "When this version of a shared plan was written, as its document says: a day or a time. CarePlan.created says when the first was."
Context: CarePlan
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only dateTime

Extension: KeptByOthers
Id: kept-by-others
Title: "Kept by others"
Description: "A goal or a request that belongs to a shared plan, is not of it, and stays as others have it: where it is."
Context: Reference
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only url

Extension: Agreement
Id: agreement
Title: "Agreement"
Description: "Where a party stands on the words of a task of a shared plan."
Context: CommunicationRequest, MedicationRequest, ServiceRequest, Task
* insert Published
* insert Part(individual, 1, [[Reference(Patient or Practitioner or RelatedPerson)]], "Who.")
* insert Part(status, 1, code, "As in goal-acceptance: agree\, disagree or pending.")
* extension[status].value[x] from http://hl7.org/fhir/ValueSet/goal-acceptance-status (required)
* insert Said

Extension: AgreementTo
Id: agreement-to
Title: "Agreement to words"
Description: "When, and to which words of a goal, a party said what goal-acceptance says of it."
Context: http://hl7.org/fhir/StructureDefinition/goal-acceptance
* insert Published
* . 0..1
* insert Said

// What FHIR's own goal-acceptance has no place for.
RuleSet: Said
* insert Part(on, 0, date, "The day on which it was said.")
* insert Part(digest, 0, string, "The digest of the words to which it was said.")
* insert Part(withdrawn, 0, boolean, "True where an agreement to these words was taken back\, which is no disagreement.")
* insert Part(earlier, 0, code, "What the party said last to other words\, where it has said nothing to these: agree\, disagree or withdrawn.")
* extension[earlier].value[x] from https://alliance-fhir.github.io/ig/ValueSet/earlier-agreement (required)
* insert Part(earlier-on, 0, date, "The day on which that was said.")

// A part of an extension that has no value of its own: once at most, and `least` times at least.
RuleSet: Part(name, least, type, about)
* extension contains {name} {least}..1
* extension ^slicing.rules = #closed
* extension[{name}] ^short = {about}
* extension[{name}] ^definition = {about}
* extension[{name}].extension 0..0
* extension[{name}].value[x] 1..1
* extension[{name}].value[x] only {type}
