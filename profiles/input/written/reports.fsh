// Counts, which FHIR lets be below 0.

Profile: WrittenReport
Parent: EngagementReport
Id: written-report
* group.population.count ^minValueInteger = 0
* group.stratifier.stratum.population.count ^minValueInteger = 0
