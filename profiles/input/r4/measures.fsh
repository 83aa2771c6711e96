// What differs between the versions of FHIR.

RuleSet: MeasureOfVersion
* subject[x] 0..0

RuleSet: ReportOfVersion
* insert Score(group.measureScore)
* group.measureScore 1..1
// One is what we write; HL7's validator ends with an error of its own where there are two.
* group.stratifier.code 1..* MS
* group.stratifier.code from EngagementGroups (required)
* insert Stratum(group.stratifier.stratum.value)
* insert Score(group.stratifier.stratum.measureScore)
