// What elements mean that have another name in other versions of FHIR.

RuleSet: VisitMeaningsOfVersion
* subject ^short = "The patient"
* cancellationReason ^short = "Who called it off: the patient or the provider"
* cancellationDate ^short = "When it was called off"
* reason ^short = "Why the patient comes, in the source's own words"

RuleSet: OutreachMeaningsOfVersion
* reason ^short = "Why to reach out: the visit was not attended, or called off too late"
* requestedPeriod ^short = "When it is to be done"

RuleSet: DeviceMeaningsOfVersion
* name ^short = "What the program is called"
* name.value ^short = "Its name"
* name.type ^short = "Of which kind the name is"
* name.display ^short = "That this is the name to show"

RuleSet: GoalMeaningsOfVersion
* source ^short = "Who proposed it"

RuleSet: MedicineMeaningsOfVersion
* medication ^short = "The medicine"
* medication.concept ^short = "In the plan's own words"
* statusChanged ^short = "Since when it stands so"

RuleSet: ContactMeaningsOfVersion
* intent ^short = "It is a plan: nothing is sent by it"
* informationProvider ^short = "Who reaches out"

RuleSet: PlannedActivityMeanings
* activity.plannedActivityReference ^short = "The task, medicine, visit or contact"

RuleSet: ReportMeaningsOfVersion
* scoring ^short = "A part of a whole"
* group.measureScore[x] ^short = "The proportion, from 0 to 1"
* group.stratifier.stratum.value[x] ^short = "Which group it is"
* group.stratifier.stratum.measureScore[x] ^short = "The proportion in this group"

RuleSet: MeasureMeaningsOfVersion
* basis ^short = "What is counted: visits, or patients"
* versionAlgorithm[x] ^short = "That versions are numbers, in which the later one is higher"
* group.linkId ^short = "A name for programs"
* group.population.linkId ^short = "A name for programs"
* group.stratifier.linkId ^short = "A name for programs"
