Profile: AllianceResponse
Parent: QuestionnaireResponse
Id: alliance-response
Title: "Alliance response"
Description: "The answers to an alliance questionnaire: who answered, about the relationship with whom."
* insert Published
* insert Sealed
* extension contains
    https://alliance-fhir.github.io/ig/StructureDefinition/rated-clinician named ratedClinician 0..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/session-number named sessionNumber 0..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/appointment named appointment 0..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/source-record named sourceRecord 0..1
* identifier 1..1 MS
* questionnaire 1..1 MS
* status MS
* subject 1..1 MS
* subject only Reference(Patient)
* authored 1..1 MS
* source MS
* item 1..* MS

Profile: AllianceObservation
Parent: Observation
Id: alliance-observation
Title: "Alliance observation"
Description: "What a panel of scores and a score have in common."
* ^abstract = true
* insert Published
* insert Sealed
* identifier 1..* MS
* category 1..* MS
* category = $category#survey
* code MS
* code.coding 1..*
* subject 1..1 MS
* subject only Reference(Patient)
* effective[x] 1..1 MS
* effective[x] only dateTime
* component.value[x] only Quantity

Profile: AlliancePanel
Parent: AllianceObservation
Id: alliance-panel
Title: "Alliance panel"
Description: "All scores of one answering of a questionnaire."
* insert Published
* value[x] 0..0
* hasMember 1..* MS
* hasMember only Reference(AllianceScore)

Profile: AllianceScore
Parent: AllianceObservation
Id: alliance-score
Title: "Alliance score"
Description: "A score as the instrument's published rule gives it; or why there is none."
* insert Published
* value[x] MS
* value[x] only Quantity
* dataAbsentReason MS
* method 1..1 MS
* hasMember 0..0
* obeys score-value

Invariant: score-value
Description: "There is a score, or why there is none."
Severity: #error
Expression: "value.exists() != dataAbsentReason.exists()"
