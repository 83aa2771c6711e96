// What all profiles have in common.

Alias: $our = https://alliance-fhir.github.io/ig/StructureDefinition
Alias: $concept = https://alliance-fhir.github.io/ig/CodeSystem/concept
Alias: $attendance = https://alliance-fhir.github.io/ig/CodeSystem/attendance
Alias: $cancellation = http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason
Alias: $participation = http://terminology.hl7.org/CodeSystem/v3-ParticipationType
Alias: $category = http://terminology.hl7.org/CodeSystem/observation-category
Alias: $operation = http://terminology.hl7.org/CodeSystem/v3-DataOperation
Alias: $expectation = http://hl7.org/fhir/StructureDefinition/capabilitystatement-expectation
Alias: $agent = http://terminology.hl7.org/CodeSystem/provenance-participant-type

RuleSet: Published
* ^publisher = "The alliance-fhir project"
* ^experimental = false
* ^copyright = "Part of alliance-fhir, under the Apache License 2.0."

// The digest of the content as it was written: content that no longer fits it was edited.
RuleSet: Sealed
* extension contains https://alliance-fhir.github.io/ig/StructureDefinition/content-digest named digest 1..1 MS
