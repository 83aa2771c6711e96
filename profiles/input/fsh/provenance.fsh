Profile: AllianceProvenance
Parent: Provenance
Id: alliance-provenance
Title: "Provenance"
Description: "From what a group of resources was made, by whom, and by which run; or that somebody signed a version of a plan."
* insert Published
* insert Sealed
* target MS
* recorded MS
* agent MS
* agent.type 1..1 MS
* agent.type from ProvenanceAgents (required)
* entity 1..* MS
* entity.role = #source
* entity.what.identifier 1..1 MS

ValueSet: ProvenanceAgents
Id: provenance-agents
Title: "Who has part in a record"
Description: "Who said it, who signed it, and which software made resources of it."
* insert Published
* $agent#author
* $agent#attester
* $agent#assembler
