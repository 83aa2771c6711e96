// What elements mean that have another name in other versions of FHIR.

RuleSet: VisitMeaningsOfVersion
* cancelationReason ^short = "Who called it off: the patient or the provider"
* reasonCode ^short = "Why the patient comes, in the source's own words"

RuleSet: OutreachMeaningsOfVersion
* reasonCode ^short = "Why to reach out: the visit was not attended, or called off too late"
* restriction ^short = "When it is to be done"
* restriction.period ^short = "From when, and by when where the site sets that"

RuleSet: DeviceMeaningsOfVersion
* deviceName ^short = "What the program is called"
* deviceName.name ^short = "Its name"
* deviceName.type ^short = "Of which kind the name is"

RuleSet: GoalMeaningsOfVersion
* expressedBy ^short = "Who proposed it"

RuleSet: MedicineMeaningsOfVersion
* medication[x] ^short = "The medicine, in the plan's own words"

RuleSet: ContactMeaningsOfVersion
* sender ^short = "Who reaches out"

RuleSet: PlannedActivityMeanings
* activity.reference ^short = "The task, medicine, visit or contact"

RuleSet: ReportMeaningsOfVersion
* group.measureScore ^short = "The proportion, from 0 to 1"
* group.stratifier.stratum.value ^short = "Which group it is"
* group.stratifier.stratum.measureScore ^short = "The proportion in this group"

RuleSet: MeasureMeaningsOfVersion
* subject[x] ^short = "What is counted stands in the criteria"
