// What differs between the versions of FHIR.

RuleSet: MeasureOfVersion
* versionAlgorithm[x] 1..1 MS
* versionAlgorithm[x] only Coding
* insert Told(versionAlgorithm[x])
* basis 1..1 MS
* basis from EngagementBasis (required)
* group.linkId 1..1 MS
* group.population.linkId 1..1 MS
* group.stratifier.linkId 1..1 MS

RuleSet: ReportOfVersion
* scoring 1..1 MS
* scoring = $scoring#proportion
* insert Score(group.measureScore[x])
* group.measureScore[x] 1..1
* group.stratifier.code 1..1 MS
* group.stratifier.code from EngagementGroups (required)
* insert Stratum(group.stratifier.stratum.value[x])
* insert Score(group.stratifier.stratum.measureScore[x])

ValueSet: EngagementBasis
Id: engagement-basis
Title: "What is counted"
Description: "Visits, or patients."
* insert Published
* http://hl7.org/fhir/fhir-types#Appointment
* http://hl7.org/fhir/fhir-types#Patient
