// What the resources of a shared plan have in common.

Alias: $sct = http://snomed.info/sct
Alias: $planCategory = http://hl7.org/fhir/us/core/CodeSystem/careplan-category

RuleSet: OfPlan
* meta MS
* insert Sealed

// It is known by the identifier that we give it, and by no other.
RuleSet: OwnIdentifier
* identifier 1..1 MS
* identifier obeys plan-identifier

// The site may know it by others, too.
RuleSet: IdentifierAmongOthers
* identifier 1..* MS
* identifier.system 1..1
* identifier.value 1..1
* obeys plan-identified

Invariant: plan-identifier
Description: "It is known by the plan's key, 32 hexadecimal digits, and, after a hyphen, by what it is in the plan; in a system that ends in /identifier."
Severity: #error
Expression: "system.matches('^[A-Za-z][A-Za-z0-9+.-]*:[^ ]+/identifier$') and value.matches('^[0-9a-f]{32}-[A-Za-z0-9][A-Za-z0-9._:-]*$')"

Invariant: plan-identified
Description: "One of the identifiers is of the plan's key, 32 hexadecimal digits, and, after a hyphen, of what it is in the plan; in a system that ends in /identifier."
Severity: #error
Expression: "identifier.where(system.matches('^[A-Za-z][A-Za-z0-9+.-]*:[^ ]+/identifier$') and value.matches('^[0-9a-f]{32}-[A-Za-z0-9][A-Za-z0-9._:-]*$')).exists()"

Invariant: plan-day
Description: "It is a day: plans tell no time of it."
Severity: #error
Expression: "toString().matches('^[0-9]{4}-[0-9]{2}-[0-9]{2}$')"

// Somebody's own words, which no code stands for.
RuleSet: InWords(element)
* {element}.coding 0..0
* {element}.text 1..1

// A person who has part in the plan.
RuleSet: OfParties(element)
* {element} only Reference(Patient or Practitioner or RelatedPerson)
