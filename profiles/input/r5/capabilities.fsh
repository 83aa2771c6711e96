RuleSet: OfVersion
* fhirVersion = #5.0.0
