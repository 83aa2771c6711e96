// What all profiles have in common. MS means here that we write it: what is not MS we never write.

Alias: $our = https://alliance-fhir.github.io/ig/StructureDefinition
Alias: $concept = https://alliance-fhir.github.io/ig/CodeSystem/concept
Alias: $attendance = https://alliance-fhir.github.io/ig/CodeSystem/attendance
Alias: $engagement = https://alliance-fhir.github.io/ig/CodeSystem/engagement
Alias: $appointment-status = http://hl7.org/fhir/appointmentstatus
Alias: $request-status = http://hl7.org/fhir/request-status
Alias: $sct = http://snomed.info/sct
Alias: $cancellation = http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason
Alias: $participation = http://terminology.hl7.org/CodeSystem/v3-ParticipationType
Alias: $mode = http://terminology.hl7.org/CodeSystem/v3-ParticipationMode
Alias: $category = http://terminology.hl7.org/CodeSystem/observation-category
Alias: $absent = http://terminology.hl7.org/CodeSystem/data-absent-reason
Alias: $operation = http://terminology.hl7.org/CodeSystem/v3-DataOperation
Alias: $expectation = http://hl7.org/fhir/StructureDefinition/capabilitystatement-expectation
Alias: $agent = http://terminology.hl7.org/CodeSystem/provenance-participant-type
Alias: $identifier-type = http://terminology.hl7.org/CodeSystem/v2-0203
Alias: $population = http://terminology.hl7.org/CodeSystem/measure-population
Alias: $scoring = http://terminology.hl7.org/CodeSystem/measure-scoring
Alias: $improvement = http://terminology.hl7.org/CodeSystem/measure-improvement-notation

RuleSet: Published
* ^publisher = "The alliance-fhir project"
* ^experimental = false
* ^copyright = "Part of alliance-fhir, under the Apache License 2.0."

// The digest of the content as it was written: content that no longer fits it was edited. We always
// write it, and nobody else has to. A server gives the id, with which later versions are written;
// labels and marks are codes of known systems.
RuleSet: Sealed
* id MS
* meta MS
* insert SealedMeanings
* insert Told(meta.security)
* insert Told(meta.tag)
* extension contains https://alliance-fhir.github.io/ig/StructureDefinition/content-digest named digest 0..1 MS

// Our numbers, and those of others: each with whose it is.
RuleSet: Identified
* identifier MS
* identifier.system 1..1
* identifier.value 1..1

// A reference by identifier, which means the same in a file and at any server; at a server there is
// the place beside it. What is meant, then says the type alone.
RuleSet: Named(path)
* {path}.type 1..1
* {path}.identifier 1..1
* {path}.identifier.system 1..1
* {path}.identifier.value 1..1

// A Coding that says of which system it is.
RuleSet: Told(path)
* {path}.system 1..1
* {path}.code 1..1

// A CodeableConcept that has a code.
RuleSet: Coded(path)
* {path}.coding 1..*
* insert Told({path}.coding)

// The source's own words, and its code for them where it has one.
RuleSet: InTheirWords(path)
* {path}.text 1..1
* {path}.coding 0..1
* insert Told({path}.coding)

// A number from 0 to 1.
RuleSet: Proportion(path)
* {path} ^minValueDecimal = 0
* {path} ^maxValueDecimal = 1

Invariant: language-tag
Description: "A language is given by its tag."
Severity: #error
Expression: "language.exists() implies language.matches('^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$')"
