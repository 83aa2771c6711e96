// What we write of data types, and how: for the schema of the run-time check alone. What is not
// marked as must-support is never written. None of it is published: others may write more.

Profile: WrittenCoding
Parent: Coding
Id: written-coding
* system 1..1 MS
* code 1..1 MS
* display MS
* obeys written-system

Profile: WrittenCodeableConcept
Parent: CodeableConcept
Id: written-codeable-concept
* coding MS
* text MS
* obeys written-concept and written-one-code

Profile: WrittenIdentifier
Parent: Identifier
Id: written-identifier
* type MS
* system 1..1 MS
* value 1..1 MS
* obeys written-system

// By a logical reference, beside which the literal one stands where it is known. Where a profile
// lets others keep something it is by a literal one alone, and there only is the extension for it;
// where one lets something have a name, a place has that alone, and a source no type.
Profile: WrittenReference
Parent: Reference
Id: written-reference
* reference MS
* type MS
* identifier MS
* obeys written-reference-kept and written-reference-type and written-reference-identifier and written-reference-display and written-reference-place and written-reference-source

Profile: WrittenQuantity
Parent: Quantity
Id: written-quantity
* value MS
* comparator MS
* unit MS
* system MS
* code MS
* obeys written-unit

Profile: WrittenMeta
Parent: Meta
Id: written-meta
* profile MS
* obeys written-claim
* security MS
* tag MS

Profile: WrittenNarrative
Parent: Narrative
Id: written-narrative
* status MS
* div MS
* obeys written-narrative

Profile: WrittenPeriod
Parent: Period
Id: written-period
* start MS
* end MS

Profile: WrittenAnnotation
Parent: Annotation
Id: written-annotation
* extension contains http://hl7.org/fhir/StructureDefinition/annotationType named type 0..1 MS
* text MS

Profile: WrittenTiming
Parent: Timing
Id: written-timing
* code 1..1 MS

Profile: WrittenDosage
Parent: Dosage
Id: written-dosage
* timing 1..1 MS

Profile: WrittenExpression
Parent: Expression
Id: written-expression
* name MS
* description MS
* language MS
* expression 1..1 MS

// Whole days, and times with a zone.
Profile: WrittenDate
Parent: date
Id: written-date
* obeys written-day

Profile: WrittenDateTime
Parent: dateTime
Id: written-date-time
* obeys written-moment

Invariant: written-day
Description: "A whole day."
Severity: #error
Expression: "matches('^[0-9]{4}-[0-9]{2}-[0-9]{2}$')"

Invariant: written-moment
Description: "A whole day, or a time with its zone."
Severity: #error
Expression: "matches('^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+(Z|[+-][0-9:]+))?$')"

Invariant: written-system
Description: "A URI with its scheme."
Severity: #error
Expression: "system.matches('^[A-Za-z][A-Za-z0-9+.-]*:')"

Invariant: written-concept
Description: "A code or words."
Severity: #error
Expression: "coding.exists() or text.exists()"

Invariant: written-one-code
Description: "One code for one thing; what was done, and which visit it is, can have two."
Severity: #error
Expression: "coding.count() > 1 implies coding.where(system in ('http://terminology.hl7.org/CodeSystem/v3-DataOperation' | 'https://alliance-fhir.github.io/ig/CodeSystem/attendance')).exists()"

Invariant: written-claim
Description: "The profiles that are claimed are ours."
Severity: #error
Expression: "profile.all($this.matches('^https://alliance-fhir[.]github[.]io/ig/StructureDefinition/[a-z-]+$'))"

Invariant: written-unit
Description: "A unit with a code is told in words, too."
Severity: #error
Expression: "code.exists() implies unit.exists()"

Invariant: written-reference-kept
Description: "What others keep is known by its address alone."
Severity: #error
Expression: "extension.exists() implies (reference.matches('^https?://[^ |]+/(Goal|Task|(Service|Medication|Communication)Request)/[A-Za-z0-9.-]{1,64}$') and type.empty() and identifier.empty() and display.empty())"

Invariant: written-reference-type
Description: "The type is said of resources. A version of a plan is none."
Severity: #error
Expression: "(extension.empty() and display.empty() and identifier.system.matches('/plan-version$').not()) implies type.exists()"

Invariant: written-reference-identifier
Description: "So is the identifier."
Severity: #error
Expression: "(extension.empty() and display.empty()) implies identifier.exists()"

Invariant: written-reference-display
Description: "Only places, and sources, which are no resources, have a name."
Severity: #error
Expression: "(reference.exists() or (type.exists() and type != 'Location')) implies display.empty()"

Invariant: written-reference-place
Description: "Of a place there is the name alone."
Severity: #error
Expression: "(display.exists() and type.exists()) implies identifier.empty()"

Invariant: written-reference-source
Description: "Of a source the number, too."
Severity: #error
Expression: "(display.exists() and type.empty()) implies identifier.exists()"

// Enough for what we say, and nothing that a browser would run or fetch.
Invariant: written-narrative
Description: "A text of paragraphs, headings and lists."
Severity: #error
Expression: "div.matches('^<div xmlns=\"http://www[.]w3[.]org/1999/xhtml\">([^<>&]|&(amp|lt|gt|quot|#x27);|<br/>|</?(p|h2|ul|li|b)>)+</div>$')"
