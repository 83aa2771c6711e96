Profile: AllianceProvenance
Parent: Provenance
Id: alliance-provenance
Title: "Provenance"
Description: "From what a group of resources was made, by whom, and by which run; or that somebody signed a version of a plan."
* insert Published
* insert Sealed
// The mark by which it is known, as it has no identifier.
* meta 1..1
* meta.tag 1..*
* target MS
* target only Reference(QuestionnaireResponse or Observation or Appointment or CarePlan or CareTeam or Goal or CommunicationRequest or MedicationRequest or ServiceRequest or Task)
* insert Named(target)
* occurred[x] MS
* occurred[x] only dateTime
* recorded MS
* activity 1..1 MS
* activity.coding from ProvenanceActivity (required)
* agent MS
* agent.type 1..1 MS
* agent.type from ProvenanceAgents (required)
* agent.who MS
* agent.who only Reference(Patient or Practitioner or RelatedPerson or Device)
* insert Named(agent.who)
* agent.onBehalfOf MS
* agent.onBehalfOf only Reference(Organization)
* insert Named(agent.onBehalfOf)
* entity 1..* MS
* entity.role MS
* entity.role = #source
* entity.what MS
* entity.what.identifier 1..1
* entity.what.identifier.system 1..1
* entity.what.identifier.value 1..1

ValueSet: ProvenanceAgents
Id: provenance-agents
Title: "Who has part in a record"
Description: "Who said it, who signed it, and which software made resources of it."
* insert Published
* $agent#author
* $agent#attester
* $agent#assembler

ValueSet: ProvenanceActivity
Id: provenance-activity
Title: "What was done"
Description: "Resources were made, changed or withdrawn, of messages in HL7 v2 or not."
* insert Published
* $operation#CREATE
* $operation#UPDATE
* $operation#NULLIFY
* http://hl7.org/fhir/uv/v2mappings/CodeSystem/provenance-activity-type-v2-to-fhir#v2-fhir-transformation
