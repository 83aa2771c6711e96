Alias: $loinc = http://loinc.org
Alias: $preference = http://hl7.org/fhir/us/core/CodeSystem/us-core-category

Profile: PlanObservation
Parent: Observation
Id: plan-observation
Title: "What is seen in a shared plan"
Description: "What the Observations of a shared plan have in common."
* ^abstract = true
* insert Published
* ^purpose = "What was said or seen in a shared plan, and can be followed from version to version: barriers, preferences, days on which a medicine was taken, satisfaction and doubts. Nobody gets a resource of this profile alone: it says once what they share."
* insert PlanObservationMeanings
* insert OfPlan
* insert OwnIdentifier
* status MS
* status from PlanObservationStatus (required)
* category 1..1 MS
* code MS
* code.coding 1..1
* subject 1..1 MS
* subject only Reference(Patient)
* effective[x] 1..1 MS
* effective[x] only dateTime
* value[x] 1..1 MS

// What comes of a response to a form.
RuleSet: FromResponse(least)
* derivedFrom {least}..1 MS
* derivedFrom only Reference(QuestionnaireResponse)

Profile: PlanBarrier
Parent: PlanObservation
Id: plan-barrier
Title: "Barrier"
Description: "What keeps a patient from coming, or from going on, in the patient's words. Which goal it bars is not said. One that is said no longer was said then: it stays, without the response."
* insert Published
* ^purpose = "What keeps somebody from coming is asked at the start, and a plan made for each (Stubbe 2018). A barrier that is known can be met before the first visit is missed. It stays in the patient's own words: no code would hold them."
* insert PlanBarrierMeanings
* category = $category#survey
* code = $sct#811791000000103
* code.text 1..1
* code.text = "Barrier"
* value[x] only string
* note MS
* note ^short = "What is planned about it"
* insert FromResponse(0)

Profile: PlanPreference
Parent: PlanObservation
Id: plan-preference
Title: "Preference"
Description: "What somebody wants of treatment or of care, said outright. It is of no form, so that the plan refers to it."
* insert Published
* ^purpose = "What somebody wants of treatment, or of how they are cared for, is part of choosing together. It is kept apart from what was planned, so that it can be seen where the two differ; whose wish it is always stands with it."
* insert PlanPreferenceMeanings
* category from PlanPreferenceCategory (required)
* code from PlanPreferenceCode (required)
* code.text 1..1
* performer 1..1 MS
* insert OfParties(performer)
* value[x] only string
* obeys preference-treatment and preference-care

Invariant: preference-treatment
Description: "What is wanted of treatment is said to be so by code, words and category."
Severity: #error
Expression: "code.coding.code = '75773-2' implies (code.text = 'Treatment intervention preference' and category.coding.code = 'treatment-intervention-preference')"

Invariant: preference-care
Description: "What is wanted of care is said to be so by code, words and category."
Severity: #error
Expression: "code.coding.code = '95541-9' implies (code.text = 'Care experience preference' and category.coding.code = 'care-experience-preference')"

Profile: PlanAdherence
Parent: PlanObservation
Id: plan-adherence
Title: "Medicine taken as agreed"
Description: "On how many days a medicine was taken as agreed, as somebody said it. It is no score."
* insert Published
* ^purpose = "Candour about medicines is welcome, and must not be punished: it is what the patient says, in days out of days, and no score is made of it, nor may it be used against anybody (Stubbe 2018). So it has no judgement in it, only who said it and in which words."
* insert PlanAdherenceMeanings
* category = $category#survey
* code = $loinc#71799-1
* focus 1..1 MS
* focus only Reference(MedicationRequest)
* performer 1..1 MS
* insert OfParties(performer)
* value[x] only CodeableConcept
* insert InWords(value[x])
* note MS
* note ^short = "In their own words"
* insert FromResponse(1)
* component MS
* component ^slicing.discriminator.type = #value
* component ^slicing.discriminator.path = "code"
* component ^slicing.rules = #closed
* component contains taken 1..1 MS and asked 1..1 MS
* component.code MS
* component.value[x] 1..1 MS
* component.value[x] only Quantity
* component.value[x] = 'd'
* component obeys adherence-days
* component[taken] ^short = "On how many days it was taken as agreed"
* component[asked] ^short = "Of how many days"
* component[taken].code = $concept#days-taken-as-agreed
* component[asked].code = $concept#days-asked-about

Invariant: adherence-days
Description: "It is a number of days, of a year at most."
Severity: #error
Expression: "value.value >= 0 and value.value <= 366"

Profile: PlanScore
Parent: PlanObservation
Id: plan-score
Title: "Satisfaction or doubt"
Description: "How content a patient is, or how much in doubt, as a review says it: one series with the scores of our check-in."
* insert Published
* ^purpose = "Satisfaction with treatment, relationship, communication and plan, and doubts about them, should be asked for regularly and directly (Stubbe 2018): later visits are missed for these. What a review of the plan says of them has the codes of our check-in, so that both make one series."
* insert PlanScoreMeanings
* category = $category#survey
* code from PlanScoreCode (required)
* performer 0..1 MS
* performer only Reference(Patient)
* method 1..1 MS
* method = $concept#value-complete-cases
* method.text 1..1
* value[x] only Quantity
* value[x] = '{score}'
* obeys plan-score-range
* insert FromResponse(1)

Invariant: plan-score-range
Description: "It is from 0 to 10."
Severity: #error
Expression: "value.value >= 0 and value.value <= 10"
