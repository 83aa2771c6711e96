Profile: EngagementMeasure
Parent: Measure
Id: engagement-measure
Title: "Engagement measure"
Description: "What is measured of visits: a proportion, of which less is better."
* insert Published
* ^purpose = "A rate says nothing without what was counted. Studies of the same question come to 19.7 %, 22.4 % and 31 % as they define drop-out in their own ways, so the definition goes with the figure, for a program to compute and for a person to read."
* insert EngagementMeasureMeanings
* insert Sealed
* insert MeasureOfVersion
* url 1..1 MS
* version 1..1 MS
* name 1..1 MS
* title 1..1 MS
* status MS
* status = #active
* experimental 1..1 MS
* experimental = false
* publisher 1..1 MS
* description 1..1 MS
* copyright 1..1 MS
* scoring 1..1 MS
* scoring = $scoring#proportion
* improvementNotation 1..1 MS
* improvementNotation = $improvement#decrease
* group 1..1 MS
* group.code 1..1 MS
* group.code from EngagementMeasures (required)
* group.population 3..3 MS
* group.population.code 1..1 MS
* group.population.code from EngagementPopulations (required)
* insert InFhirPath(group.population.criteria)
* group.stratifier MS
* group.stratifier.code 1..1 MS
* group.stratifier.code from EngagementGroups (required)
* insert InFhirPath(group.stratifier.criteria)
* obeys measure-url and measure-version and measure-name

RuleSet: InFhirPath(path)
* {path} 1..1 MS
* {path}.description 1..1
* {path}.language = #text/fhirpath
* {path}.expression 1..1

Invariant: measure-url
Description: "Measures are those of the project."
Severity: #error
Expression: "url.matches('^https://alliance-fhir[.]github[.]io/ig/Measure/[a-z-]+$')"

Invariant: measure-version
Description: "A version has three numbers."
Severity: #error
Expression: "version.matches('^[0-9]+[.][0-9]+[.][0-9]+$')"

Invariant: measure-name
Description: "A name can stand in a program."
Severity: #error
Expression: "name.matches('^[A-Z][A-Za-z0-9]+$')"

ValueSet: EngagementMeasures
Id: engagement-measures
Title: "Engagement measures"
Description: "What is measured of visits."
* insert Published
* $engagement#no-show-rate
* $engagement#drop-out-over-a-year

ValueSet: EngagementPopulations
Id: engagement-populations
Title: "Parts of a proportion"
Description: "What is over and under the line; nothing is left out on the way from the first to the second."
* insert Published
* $population#initial-population
* $population#denominator
* $population#numerator

ValueSet: EngagementGroups
Id: engagement-groups
Title: "What groups are told apart by"
Description: "Which visit it is, what it was for, who sent the patient, whom it was with, and when it was."
* insert Published
* $engagement#first-or-follow-up
* $engagement#service
* $engagement#referrer
* $engagement#clinician
* $engagement#month
