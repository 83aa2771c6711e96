Profile: EngagementReport
Parent: MeasureReport
Id: engagement-report
Title: "Engagement report"
Description: "What was measured in a period, without a patient in it. Counts of groups that are too small to be shown are masked."
* insert Published
* insert Sealed
* insert Identified
* insert ReportOfVersion
* identifier 1..1
* status MS
* status = #complete
* type MS
* type = #summary
* measure MS
* period MS
* period.start 1..1
* period.end 1..1
* reporter MS
* reporter only Reference(Organization)
* insert Named(reporter)
* improvementNotation 1..1 MS
* improvementNotation = $improvement#decrease
* group 1..1 MS
* group.code 1..1 MS
* group.code from EngagementMeasures (required)
* insert Populations(group.population)
* group.population.count.extension 0..0
* group.stratifier MS
* group.stratifier.stratum MS
* insert Populations(group.stratifier.stratum.population)
* group.stratifier.stratum.population.count.extension contains http://hl7.org/fhir/StructureDefinition/data-absent-reason named masked 0..1 MS
* group.stratifier.stratum.population.count.extension[masked].value[x] = #masked
* group.stratifier.stratum.population obeys report-count
* group.stratifier.stratum obeys report-masked
* obeys report-measure

RuleSet: Populations(path)
* {path} 3..3 MS
* {path}.code 1..1 MS
* {path}.code from EngagementPopulations (required)
* {path}.count 1..1 MS

// A proportion without a unit, and how sure it is.
RuleSet: Score(path)
* {path} MS
* {path} only Quantity
* {path}.value 1..1
* insert Proportion({path}.value)
* {path}.comparator 0..0
* {path}.unit 0..0
* {path}.system 0..0
* {path}.code 0..0
* {path}.extension contains https://alliance-fhir.github.io/ig/StructureDefinition/score-interval named interval 1..1 MS

// Which stratum it is: by a code, or in words.
RuleSet: Stratum(path)
* {path} 1..1 MS
* {path} only CodeableConcept
* {path} obeys report-stratum
* {path}.coding 0..1
* {path}.coding from EngagementStrata (required)

Invariant: report-measure
Description: "The Measure is named with its version."
Severity: #error
Expression: "measure.matches('^[A-Za-z][A-Za-z0-9+.-]*:[^ |]+[|][^ |]+$')"

Invariant: report-stratum
Description: "A stratum is told by a code or in words."
Severity: #error
Expression: "coding.exists() != text.exists()"

Invariant: report-count
Description: "A count that is masked is not there."
Severity: #error
Expression: "count.hasValue() != count.extension.exists()"

Invariant: report-masked
Description: "Where one count is masked all are, and there is no score."
Severity: #error
Expression: "population.count.extension.exists() implies (population.all(count.extension.exists()) and measureScore.exists().not())"

ValueSet: EngagementStrata
Id: engagement-strata
Title: "Strata with a code"
Description: "Which visit it is; or that what groups are told apart by is not known."
* insert Published
* $attendance#first
* $attendance#follow-up
* $attendance#unknown
* $absent#unknown
