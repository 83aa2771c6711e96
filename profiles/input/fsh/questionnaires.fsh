Profile: AllianceQuestionnaire
Parent: Questionnaire
Id: alliance-questionnaire
Title: "Alliance questionnaire"
Description: "A form of an instrument, which scores itself in any form filler that knows SDC; or one of plans, which is not scored."
* insert Published
* insert Sealed
* insert FormLabels
* language MS
* url 1..1 MS
* version 1..1 MS
* name 1..1 MS
* title 1..1 MS
* derivedFrom 0..1 MS
* derivedFrom obeys form-derived
* derivedFrom.extension contains http://hl7.org/fhir/StructureDefinition/questionnaire-derivationType named derivationType 1..1 MS
* insert Told(derivedFrom.extension[derivationType].value[x])
* status MS
* status = #active
* subjectType 1..1 MS
* subjectType = #Patient
* publisher MS
* description 1..1 MS
* copyright 1..1 MS
* code MS
* insert Told(code)
* item 2..* MS
* item.extension contains
    http://hl7.org/fhir/StructureDefinition/minValue named minValue 0..1 MS and
    http://hl7.org/fhir/StructureDefinition/maxValue named maxValue 0..1 MS and
    http://hl7.org/fhir/StructureDefinition/questionnaire-referenceResource named refersTo 0..* MS
* item.linkId MS
* item.text 1..1 MS
* item.type MS
* item.type from FormItemType (required)
* item.answerOption MS
* item.answerOption.value[x] MS
* item.answerOption.value[x] only Coding
* insert Told(item.answerOption.value[x])
* insert Weights(item.answerOption)
* item obeys form-options
* item.code MS
* insert Told(item.code)
* item.readOnly MS
* item.repeats MS
* insert Calculated
* insert Extracted
// Parts of a question are questions, for which the same holds. It is not said of them anew: HL7's
// validator lets elements named `item.item` have no extension of those that are for `item`.
* item.item MS
* item.item obeys form-part
* obeys form-url and form-version and form-name and form-weights

// A score among the questions.
RuleSet: Calculated
* item.extension contains
    http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression named calculated 0..1 MS and
    http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-observationExtract named extracted 0..1 MS and
    http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-observation-extract-category named extractedAs 0..1 MS
* item.extension[calculated].value[x].language = #text/fhirpath
* item.extension[calculated].value[x].expression 1..1
* item.extension[extractedAs].value[x] = $category#survey
* item obeys form-extracted

// What a form filler makes of the form as a whole: the panel, of which scores are members.
RuleSet: Extracted
* extension contains
    http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-observationExtract named extracted 0..1 MS and
    http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-observation-extract-category named extractedAs 0..1 MS
* extension[extracted].value[x] only boolean
* extension[extracted].value[x] = true
* extension[extractedAs].value[x] = $category#survey

Invariant: form-url
Description: "A form is known by an absolute URL."
Severity: #error
Expression: "url.matches('^[A-Za-z][A-Za-z0-9+.-]*:[^ ]+$')"

Invariant: form-derived
Description: "The form from which one derives is named by an absolute URL."
Severity: #error
Expression: "$this.matches('^[A-Za-z][A-Za-z0-9+.-]*:[^ ]+$')"

Invariant: form-version
Description: "A version has three numbers."
Severity: #error
Expression: "version.matches('^[0-9]+[.][0-9]+[.][0-9]+$')"

Invariant: form-name
Description: "A name can stand in a program."
Severity: #error
Expression: "name.matches('^[A-Z][A-Za-z0-9_]{0,254}$')"

// A form with a code of its own is scored; those of plans have none.
Invariant: form-weights
Description: "Where answers are scored each option says what it weighs."
Severity: #error
Expression: "code.exists() implies item.answerOption.all(extension('http://hl7.org/fhir/StructureDefinition/itemWeight').exists())"

Invariant: form-part
Description: "A part of a question has a text."
Severity: #error
Expression: "text.exists()"

Invariant: form-options
Description: "Who can choose has two options at least."
Severity: #error
Expression: "answerOption.count() != 1"

Invariant: form-extracted
Description: "A score becomes a member of the panel, and no question becomes an Observation."
Severity: #error
Expression: "extension('http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression').exists() = extension('http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-observationExtract').where(value = 'member').exists()"
