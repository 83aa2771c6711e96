Profile: AllianceObservation
Parent: Observation
Id: alliance-observation
Title: "Alliance observation"
Description: "What a panel of scores and a score have in common."
* ^abstract = true
* insert Published
* ^purpose = "A score without the rule that gave it cannot be compared with another. So each says to which form, in which version, it owes its rules, from which answers it came, and whose view it is, which is part of its code. Nobody gets a resource of this profile alone: it says once what a panel and its scores share."
* insert AllianceObservationMeanings
* insert Sealed
* insert Identified
* extension contains http://hl7.org/fhir/StructureDefinition/workflow-adheresTo named adheresTo 1..1 MS
* extension[adheresTo].value[x] only Canonical(Questionnaire)
* extension[adheresTo] obeys adheres-to-version
* identifier 1..*
* status MS
* status from ScoreStatus (required)
* category 1..* MS
* category ^slicing.discriminator.type = #value
* category ^slicing.discriminator.path = "$this"
* category ^slicing.rules = #open
* category contains survey 1..1 MS
* category[survey] = $category#survey
* category[survey] ^short = "That it comes of a questionnaire"
* code MS
* insert Coded(code)
* code obeys score-system
* subject 1..1 MS
* subject only Reference(Patient)
* insert Named(subject)
* effective[x] 1..1 MS
* effective[x] only dateTime
* performer 0..1 MS
* performer only Reference(Patient or Practitioner or RelatedPerson)
* insert Named(performer)
* derivedFrom 0..1 MS
* derivedFrom only Reference(AllianceResponse)
* insert Named(derivedFrom)

Profile: AlliancePanel
Parent: AllianceObservation
Id: alliance-panel
Title: "Alliance panel"
Description: "All scores of one answering of a questionnaire. Where there is no response, it says how and by whom the answers were given."
* insert Published
* ^purpose = "One answering of a questionnaire often gives several scores, such as goal, task and bond. What holds them together has no value of its own, as in US Core, so that nobody takes it for one more score. Where a source gives scores without the answers, it is the one place that says who rated, how, and at which session."
* insert AlliancePanelMeanings
* language MS
* extension contains
    https://alliance-fhir.github.io/ig/StructureDefinition/rated-clinician named ratedClinician 0..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/session-number named sessionNumber 0..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/appointment named appointment 0..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/source-record named sourceRecord 0..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/rater named rater 0..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/mode named mode 0..1 MS
* code from https://alliance-fhir.github.io/ig/ValueSet/alliance-panel (extensible)
* value[x] 0..0
* dataAbsentReason 0..0
* method 0..0
* component 0..0
* hasMember 1..* MS
* hasMember only Reference(AllianceScore)
* insert Named(hasMember)
* obeys language-tag

Profile: AllianceScore
Parent: AllianceObservation
Id: alliance-score
Title: "Alliance score"
Description: "A score as the instrument's published rule gives it; or why there is none."
* insert Published
* ^purpose = "The number by which a clinician sees whether the alliance holds: the first sessions tell most of how it will be at the end (Stubbe 2018). It is read by people who cannot see the form, so it carries its unit, the rule that gave it, and the answers from which it came. Where the rule gives none, because an answer is missing and no published rule says what to do then, it says that too: an empty place would look like a rating that nobody made."
* insert AllianceScoreMeanings
* code from https://alliance-fhir.github.io/ig/ValueSet/alliance-score (extensible)
* value[x] MS
* value[x] only Quantity
* insert Figure(value[x])
* dataAbsentReason MS
* insert Coded(dataAbsentReason)
* method 1..1 MS
* method from https://alliance-fhir.github.io/ig/ValueSet/score-method (extensible)
* insert Coded(method)
* method obeys score-system
* component 0..1 MS
* component.code MS
* insert Coded(component.code)
* component.code obeys score-system
* component.value[x] 1..1 MS
* component.value[x] only Quantity
* insert Figure(component.value[x])
* hasMember 0..0
* obeys score-value and score-mean

// A figure with its unit of UCUM, exact.
RuleSet: Figure(path)
* {path}.value 1..1
* {path}.comparator 0..0
* {path}.unit 1..1
* {path}.system 1..1
* {path}.system = "http://unitsofmeasure.org"
* {path}.code 1..1

Invariant: score-value
Description: "There is a score, or why there is none."
Severity: #error
Expression: "value.exists() != dataAbsentReason.exists()"

Invariant: score-mean
Description: "Where there is no score there is no mean of items either."
Severity: #error
Expression: "component.exists() implies value.exists()"

// Ours, or a site's for its own instruments.
Invariant: score-system
Description: "One of the codes of a score or a method is of a code system of concepts, which ends so."
Severity: #error
Expression: "coding.where(system.matches('/CodeSystem/concept$')).exists()"

Invariant: adheres-to-version
Description: "The questionnaire whose rules give the score is named with its version."
Severity: #error
Expression: "value.matches('^[A-Za-z][A-Za-z0-9+.-]*:[^ |]+[|][^ |]+$')"

ValueSet: ScoreStatus
Id: score-status
Title: "How a score stands"
Description: "Final, corrected since in the source or by another rule, or withdrawn."
* insert Published
* http://hl7.org/fhir/observation-status#final
* http://hl7.org/fhir/observation-status#amended
* http://hl7.org/fhir/observation-status#corrected
* http://hl7.org/fhir/observation-status#entered-in-error
