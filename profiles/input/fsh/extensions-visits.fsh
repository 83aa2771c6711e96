// What no standard has an element or an extension for: visits, and what is measured of them.

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
* extension[status-code].value[x].system 1..1
* extension[status-code].value[x].code 1..1
* insert Part(event-reason, 0, CodeableConcept, "Why the source says it stands so.")
* insert InTheirWords(extension[event-reason].value[x])
* obeys attendance-known

Invariant: attendance-known
Description: "Each rule gives one kind: was-seen, arrived and checked-in give attended, and so on, as the code system says."
Severity: #error
Expression: "(extension('kind').value.where(code = 'attended').exists() = extension('rule').value.where(code in ('was-seen' | 'arrived' | 'checked-in')).exists()) and (extension('kind').value.where(code = 'late-arrival').exists() = extension('rule').value.where(code in ('late-and-seen' | 'late-and-not-seen')).exists()) and (extension('kind').value.where(code = 'no-show').exists() = extension('rule').value.where(code in ('no-notice' | 'notice-after-start')).exists()) and (extension('kind').value.where(code = 'late-cancellation').exists() = extension('rule').value.where(code in ('notice-in-window')).exists()) and (extension('kind').value.where(code = 'patient-cancellation').exists() = extension('rule').value.where(code in ('notice-in-time' | 'notice-at-unknown-time')).exists()) and (extension('kind').value.where(code = 'provider-cancellation').exists() = extension('rule').value.where(code in ('called-off-by-provider')).exists()) and (extension('kind').value.where(code = 'unknown').exists() = extension('rule').value.where(code in ('still-open' | 'no-visit' | 'called-off-by-somebody')).exists())"

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
* obeys first-or-follow-up-known

Invariant: first-or-follow-up-known
Description: "Each rule gives one kind; what the source said is first or follow-up."
Severity: #error
Expression: "(extension('kind').value.where(code = 'unknown').exists() = extension('rule').value.where(code = 'history-too-short').exists()) and (extension('rule').value.where(code = 'attended-before').exists() implies extension('kind').value.where(code = 'follow-up').exists()) and (extension('rule').value.where(code = 'none-attended').exists() implies extension('kind').value.where(code = 'first').exists())"

Extension: MissedBefore
Id: missed-before
Title: "Missed before"
Description: "When a visit was to begin that was missed, and then booked for another time: once for each such time, of those from which it was rescheduled."
Context: Appointment
* insert Published
* value[x] 1..1
* value[x] only dateTime
* obeys start-time

Invariant: start-time
Description: "A visit begins at a time, and not on a day alone."
Severity: #error
Expression: "value.toString().matches('T')"

Extension: Modality
Id: modality
Title: "Modality"
Description: "How patient and clinician were to meet."
Context: Appointment
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only CodeableConcept
* value[x].coding 1..1
* value[x].coding from VisitModality (required)

Extension: RescheduledFrom
Id: rescheduled-from
Title: "Rescheduled from"
Description: "When a visit was to begin before it was moved to another time: once for each such time, from the first to the last."
Context: Appointment
* insert Published
* value[x] 1..1
* value[x] only dateTime
* obeys start-time

Extension: ScoreInterval
Id: score-interval
Title: "Score interval"
Description: "The interval of a proportion, and how many patients stand behind it: what is counted of one patient is not independent."
Context: Quantity
* insert Published
* . 0..1
* insert Part(level, 1, decimal, "Of how many per cent it is.")
* extension[level].value[x] = 95
* insert Part(method, 1, CodeableConcept, "How it was found.")
* extension[method].value[x] = $engagement#wilson
* insert Part(low, 1, decimal, "Its lower end\, from 0 to 1.")
* insert Proportion(extension[low].value[x])
* insert Part(high, 1, decimal, "Its upper end\, from 0 to 1.")
* insert Proportion(extension[high].value[x])
* insert Part(patients, 1, integer, "How many patients there are.")
* extension[patients].value[x] ^minValueInteger = 1

ValueSet: VisitModality
Id: visit-modality
Title: "How patient and clinician meet"
Description: "In person, by telephone or by video."
* insert Published
* $mode#FACE
* $mode#PHONE
* $mode#VIDEOCONF
