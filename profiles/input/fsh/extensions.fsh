// What no standard has an element or an extension for: ratings, and all that we write.

Extension: ContentDigest
Id: content-digest
Title: "Content digest"
Description: "The digest of the resource's content as alliance-fhir wrote it. Content that no longer fits it was edited by somebody else. Whoever else writes a resource leaves it out."
Context: Appointment, CarePlan, CareTeam, CommunicationRequest, Device, Goal, Measure, MeasureReport, MedicationRequest, Observation, Patient, Practitioner, Provenance, Questionnaire, QuestionnaireResponse, ServiceRequest, Task
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only string
* obeys digest-digits

Invariant: digest-digits
Description: "A digest has 32 hexadecimal digits."
Severity: #error
Expression: "value.matches('^[0-9a-f]{32}$')"

Extension: RatedClinician
Id: rated-clinician
Title: "Rated clinician"
Description: "The clinician whose relationship with the patient is rated, whoever does the rating."
Context: Observation, QuestionnaireResponse
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only Reference(Practitioner)
* insert Named(value[x])

Extension: RatedAppointment
Id: appointment
Title: "Appointment"
Description: "The appointment after which, or at which, the rating was made."
Context: Observation, QuestionnaireResponse
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only Reference(Appointment)
* insert Named(value[x])

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
* value[x] only Reference(Patient or Practitioner or RelatedPerson)
* insert Named(value[x])

Extension: Mode
Id: mode
Title: "Mode"
Description: "How the answers were given, where scores came without a response that says so: electronic, paper, face-to-face, phone, video, verbal."
Context: Observation
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only code
* obeys mode-word

Invariant: mode-word
Description: "How answers are given is one of our words."
Severity: #error
Expression: "value.matches('^(electronic|paper|face-to-face|phone|video|verbal)$')"

// A part of an extension that has no value of its own: once at most, and `least` times at least.
RuleSet: Part(name, least, type, about)
* extension contains {name} {least}..1
* extension ^slicing.rules = #closed
* extension[{name}] ^short = {about}
* extension[{name}] ^definition = {about}
* extension[{name}].extension 0..0
* extension[{name}].value[x] 1..1
* extension[{name}].value[x] only {type}
