RuleSet: OfVersion
* fhirVersion = #4.0.1
