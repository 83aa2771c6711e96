Profile: AllianceResponse
Parent: QuestionnaireResponse
Id: alliance-response
Title: "Alliance response"
Description: "The answers to an alliance questionnaire: who answered, about the relationship with whom."
* insert Published
* insert Sealed
* insert Identified
* language MS
* extension contains
    https://alliance-fhir.github.io/ig/StructureDefinition/rated-clinician named ratedClinician 0..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/session-number named sessionNumber 0..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/appointment named appointment 0..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/source-record named sourceRecord 0..1 MS and
    http://hl7.org/fhir/StructureDefinition/questionnaireresponse-completionMode named completionMode 0..1 MS
* extension[completionMode].value[x].text 1..1
* extension[completionMode] obeys completion-mode-word
* insert Coded(extension[completionMode].value[x])
* identifier 1..1
* questionnaire 1..1 MS
* status MS
* status from ResponseStatus (required)
* subject 1..1 MS
* subject only Reference(Patient)
* insert Named(subject)
* authored 1..1 MS
* author MS
* author only Reference(Patient or Practitioner or RelatedPerson)
* insert Named(author)
* source MS
* source only Reference(Patient or Practitioner or RelatedPerson)
* insert Named(source)
* item 1..* MS
* item.linkId MS
* item.answer 1..1 MS
* item.answer.value[x] 1..1 MS
* item.answer.value[x] only Coding or decimal or integer
* obeys language-tag and response-version and response-codes

Invariant: response-version
Description: "The questionnaire is named with its version."
Severity: #error
Expression: "questionnaire.matches('^[A-Za-z][A-Za-z0-9+.-]*:[^ |]+[|][^ |]+$')"

Invariant: response-codes
Description: "A code that was answered is there with its system."
Severity: #error
Expression: "item.answer.value.ofType(Coding).all(system.exists() and code.exists())"

// HL7's codes have one for what is spoken, however it is: our word says it.
Invariant: completion-mode-word
Description: "How the answers were given is one of our words."
Severity: #error
Expression: "value.text.matches('^(electronic|paper|face-to-face|phone|video|verbal)$')"

ValueSet: ResponseStatus
Id: response-status
Title: "How a response stands"
Description: "Complete, corrected since, or withdrawn."
* insert Published
* http://hl7.org/fhir/questionnaire-answers-status#completed
* http://hl7.org/fhir/questionnaire-answers-status#amended
* http://hl7.org/fhir/questionnaire-answers-status#entered-in-error
