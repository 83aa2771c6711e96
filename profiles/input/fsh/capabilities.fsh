// Two CapabilityStatements: what a server has to do so that we can work with it, and what we ask of
// one that can do all of it. What SHALL be there is needed; what SHOULD be makes it safer or faster.

Instance: alliance-server
InstanceOf: CapabilityStatement
Usage: #definition
Title: "The server that we need"
Description: "What a FHIR server has to do for alliance-fhir, and what makes it safer or faster."
* insert AboutCapabilities(alliance-server, AllianceServer)
* title = "The server that we need"
* description = "What a FHIR server has to do so that alliance-fhir can write to it and read it back, and what makes that safer or faster. Types that a site does not write need not be there."
* rest.mode = #server
* rest.documentation = "Whatever is missing of what SHOULD be there is made up for by looking before each write, and told by `alliance-fhir probe`. What cannot be searched by its identifier is looked for by its patient; of what belongs to no patient, and cannot either, all is read."
* rest.interaction[0].code = #transaction
* rest.interaction[0].extension.url = $expectation
* rest.interaction[0].extension.valueCode = #SHOULD
* rest.interaction[1].code = #batch
* rest.interaction[1].extension.url = $expectation
* rest.interaction[1].extension.valueCode = #SHOULD
* insert Kept(QuestionnaireResponse, identifier, token)
* insert Parameter(patient, reference, SHOULD)
* insert Kept(Observation, identifier, token)
* insert Parameter(patient, reference, SHOULD)
* insert Kept(Appointment, identifier, token)
* insert Parameter(patient, reference, SHOULD)
* insert Kept(ServiceRequest, identifier, token)
* insert Parameter(patient, reference, SHOULD)
* insert Kept(Task, identifier, token)
* insert Parameter(patient, reference, SHOULD)
* insert Kept(CarePlan, identifier, token)
* insert Parameter(patient, reference, SHOULD)
* insert Kept(Goal, identifier, token)
* insert Parameter(patient, reference, SHOULD)
* insert Kept(MedicationRequest, identifier, token)
* insert Parameter(patient, reference, SHOULD)
* insert Kept(CommunicationRequest, identifier, token)
* insert Parameter(patient, reference, SHOULD)
* insert Kept(CareTeam, identifier, token)
* insert Parameter(patient, reference, SHOULD)
* insert Kept(Questionnaire, url, uri)
* insert Kept(Measure, identifier, token)
* insert Kept(MeasureReport, identifier, token)
* insert Kept(Device, identifier, token)
* insert Kept(Provenance, _tag, token)
* insert Parameter(_id, token, SHOULD)
* insert Parameter(target, reference, SHOULD)
* insert Parameter(patient, reference, SHOULD)
* insert Looked(Patient)
* insert Looked(Practitioner)
* insert Looked(RelatedPerson)
* insert Looked(Organization)

RuleSet: AboutCapabilities(id, name)
* url = "https://alliance-fhir.github.io/ig/CapabilityStatement/{id}"
* version = "0.1.0"
* name = "{name}"
* status = #active
* experimental = false
* publisher = "The alliance-fhir project"
* copyright = "Part of alliance-fhir, under the Apache License 2.0."
* date = "2026-12-01"
* kind = #requirements
* insert OfVersion
* format[0] = #json

RuleSet: Interaction(code, expectation)
* rest.resource[=].interaction[+].code = #{code}
* rest.resource[=].interaction[=].extension.url = $expectation
* rest.resource[=].interaction[=].extension.valueCode = #{expectation}

RuleSet: Parameter(name, type, expectation)
* rest.resource[=].searchParam[+].name = "{name}"
* rest.resource[=].searchParam[=].type = #{type}
* rest.resource[=].searchParam[=].extension.url = $expectation
* rest.resource[=].searchParam[=].extension.valueCode = #{expectation}

// A type that we write, by what we find it again.
RuleSet: Kept(type, parameter, kind)
* rest.resource[+].type = #{type}
* insert Interaction(create, SHALL)
* insert Interaction(read, SHALL)
* insert Interaction(update, SHALL)
* insert Interaction(search-type, SHALL)
* insert Interaction(delete, SHOULD)
* insert Interaction(history-instance, SHOULD)
* rest.resource[=].versioning = #versioned-update
* rest.resource[=].conditionalCreate = true
* insert Parameter({parameter}, {kind}, SHOULD)

// People, who are found and not written.
RuleSet: Looked(type)
* rest.resource[+].type = #{type}
* insert Interaction(read, SHALL)
* insert Interaction(search-type, SHALL)
* insert Parameter(identifier, token, SHALL)
