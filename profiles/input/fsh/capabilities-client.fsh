// What we ask of a server that can do everything.

Instance: alliance-client
InstanceOf: CapabilityStatement
Usage: #definition
Title: "What we ask of a server"
Description: "All that alliance-fhir asks of a FHIR server that can do everything."
* insert AboutCapabilities(alliance-client, AllianceClient)
* title = "What we ask of a server"
* description = "All interactions and search parameters that alliance-fhir uses at a FHIR server that can do everything: to find who is meant, to write what the sources say, to look at it again, to read it back, and to take it back."
* rest.mode = #client
* rest.documentation = "Searches go as POST to _search where a server takes that, so that no number of a patient stands in an address. _count, _sort, _summary and _total are used besides."
* rest.interaction[0].code = #transaction
* rest.interaction[1].code = #batch
* insert Written(QuestionnaireResponse)
* insert Asked(identifier, token)
* insert Asked(patient, reference)
* insert Asked(_id, token)
* insert Asked(_tag, token)
* insert Asked(_lastUpdated, date)
* insert Asked(authored, date)
* insert Asked(author, reference)
* insert Asked(source, reference)
* insert Asked(questionnaire, reference)
* insert Written(Observation)
* insert Asked(identifier, token)
* insert Asked(patient, reference)
* insert Asked(_id, token)
* insert Asked(_tag, token)
* insert Asked(_lastUpdated, date)
* insert Asked(date, date)
* insert Asked(performer, reference)
* insert Asked(device, reference)
* insert Written(Appointment)
* rest.resource[=].interaction[+].code = #patch
* insert Asked(identifier, token)
* insert Asked(patient, reference)
* insert Asked(_id, token)
* insert Asked(_tag, token)
* insert Asked(_lastUpdated, date)
* insert Asked(practitioner, reference)
* insert Written(CarePlan)
* insert Asked(identifier, token)
* insert Asked(patient, reference)
* insert Asked(_id, token)
* insert Asked(_tag, token)
* insert Asked(_lastUpdated, date)
* insert Written(CommunicationRequest)
* insert Asked(identifier, token)
* insert Asked(patient, reference)
* insert Asked(_id, token)
* insert Asked(_tag, token)
* insert Asked(_lastUpdated, date)
* insert Asked(requester, reference)
* insert Written(MedicationRequest)
* insert Asked(identifier, token)
* insert Asked(patient, reference)
* insert Asked(_id, token)
* insert Asked(_tag, token)
* insert Asked(_lastUpdated, date)
* insert Asked(requester, reference)
* insert Written(ServiceRequest)
* insert Asked(identifier, token)
* insert Asked(patient, reference)
* insert Asked(_id, token)
* insert Asked(_tag, token)
* insert Asked(_lastUpdated, date)
* insert Asked(requester, reference)
* insert Asked(performer, reference)
* insert Written(Task)
* insert Asked(identifier, token)
* insert Asked(patient, reference)
* insert Asked(_id, token)
* insert Asked(_tag, token)
* insert Asked(_lastUpdated, date)
* insert Asked(requester, reference)
* insert Asked(owner, reference)
* insert Written(Goal)
* insert Asked(identifier, token)
* insert Asked(patient, reference)
* insert Asked(_id, token)
* insert Asked(_tag, token)
* insert Asked(_lastUpdated, date)
* insert Written(CareTeam)
* insert Asked(identifier, token)
* insert Asked(patient, reference)
* insert Asked(_id, token)
* insert Asked(_tag, token)
* insert Asked(_lastUpdated, date)
* insert Asked(participant, reference)
* insert Written(Provenance)
* insert Asked(_tag, token)
* insert Asked(_id, token)
* insert Asked(target, reference)
* insert Asked(patient, reference)
* insert Asked(agent, reference)
* insert Asked(_lastUpdated, date)
* insert Written(Questionnaire)
* insert Asked(url, uri)
* insert Asked(derived-from, reference)
* insert Asked(_tag, token)
* insert Written(Device)
* insert Asked(identifier, token)
* insert Asked(_tag, token)
* insert Written(Measure)
* insert Asked(url, uri)
* insert Asked(_tag, token)
* insert Written(MeasureReport)
* insert Asked(identifier, token)
* insert Asked(measure, reference)
* insert Asked(_tag, token)
* insert Written(CodeSystem)
* insert Asked(url, uri)
* insert Asked(_tag, token)
* insert Written(ValueSet)
* insert Asked(url, uri)
* insert Asked(_tag, token)
* insert Written(StructureDefinition)
* insert Asked(url, uri)
* insert Asked(_tag, token)
* insert Written(ConceptMap)
* insert Asked(url, uri)
* insert Asked(_tag, token)
* insert Written(CapabilityStatement)
* insert Asked(url, uri)
* insert Asked(_tag, token)
* insert Written(Patient)
* insert Asked(identifier, token)
* insert Asked(_id, token)
* insert Asked(_tag, token)
* insert Written(Practitioner)
* insert Asked(identifier, token)
* insert Asked(_id, token)
* insert Asked(_tag, token)
* insert Searched(RelatedPerson)
* insert Asked(identifier, token)
* insert Asked(patient, reference)
* insert Searched(Organization)
* insert Asked(identifier, token)
* insert Searched(PractitionerRole)
* insert Asked(practitioner, reference)
* insert Searched(Condition)
* insert Asked(patient, reference)
* insert Searched(Consent)
* insert Asked(patient, reference)
* insert Searched(Encounter)
* insert Asked(patient, reference)
* insert Asked(practitioner, reference)
* insert Searched(EpisodeOfCare)
* insert Asked(patient, reference)
* insert Searched(Procedure)
* insert Asked(patient, reference)

// A type that we write, look at, and take back.
RuleSet: Written(type)
* rest.resource[+].type = #{type}
* rest.resource[=].interaction[+].code = #create
* rest.resource[=].interaction[+].code = #read
* rest.resource[=].interaction[+].code = #vread
* rest.resource[=].interaction[+].code = #update
* rest.resource[=].interaction[+].code = #delete
* rest.resource[=].interaction[+].code = #history-instance
* rest.resource[=].interaction[+].code = #search-type
* rest.resource[=].conditionalCreate = true
* rest.resource[=].operation[+].name = "validate"
* rest.resource[=].operation[=].definition = "http://hl7.org/fhir/OperationDefinition/Resource-validate"
* rest.resource[=].operation[=].documentation = "With --validate alone."

// A type that is only looked for.
RuleSet: Searched(type)
* rest.resource[+].type = #{type}
* rest.resource[=].interaction[+].code = #read
* rest.resource[=].interaction[+].code = #search-type

RuleSet: Asked(name, type)
* rest.resource[=].searchParam[+].name = "{name}"
* rest.resource[=].searchParam[=].type = #{type}
