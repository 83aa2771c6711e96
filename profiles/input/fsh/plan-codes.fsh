// The codes by which the parts of shared plans are told apart.

ValueSet: PlanGoalAchievement
Id: plan-goal-achievement
Title: "How far a goal has come"
Description: "How far a goal of a shared plan has come, as a review says it."
* insert Published
* http://terminology.hl7.org/CodeSystem/goal-achievement#in-progress
* http://terminology.hl7.org/CodeSystem/goal-achievement#improving
* http://terminology.hl7.org/CodeSystem/goal-achievement#worsening
* http://terminology.hl7.org/CodeSystem/goal-achievement#no-change
* http://terminology.hl7.org/CodeSystem/goal-achievement#achieved
* http://terminology.hl7.org/CodeSystem/goal-achievement#sustaining
* http://terminology.hl7.org/CodeSystem/goal-achievement#not-achieved
* http://terminology.hl7.org/CodeSystem/goal-achievement#no-progress
* http://terminology.hl7.org/CodeSystem/goal-achievement#not-attainable

ValueSet: PlanGoalPriority
Id: plan-goal-priority
Title: "How much a goal matters"
Description: "How much a goal of a shared plan matters."
* insert Published
* http://terminology.hl7.org/CodeSystem/goal-priority#high-priority
* http://terminology.hl7.org/CodeSystem/goal-priority#medium-priority
* http://terminology.hl7.org/CodeSystem/goal-priority#low-priority

ValueSet: PlanServiceCategory
Id: plan-service-category
Title: "What kind of visits"
Description: "The kinds of tasks of a shared plan that are visits or talks."
* insert Published
* $concept#psychotherapy
* $concept#visit

ValueSet: PlanTaskCode
Id: plan-task-code
Title: "What kind of task"
Description: "The kinds of tasks of a shared plan that are neither medicines nor visits nor contact."
* insert Published
* $concept#self-care
* $concept#social
* $concept#other

ValueSet: PlanContactCategory
Id: plan-contact-category
Title: "What kind of contact"
Description: "Contact as a task of a shared plan, and how patient and clinician reach each other."
* insert Published
* $concept#contact
* $concept#contact-between-visits
* $concept#contact-urgent

ValueSet: PlanNote
Id: plan-note
Title: "What a note is about"
Description: "What a note about a task of a shared plan says."
* insert Published
* $concept#when
* $concept#option-considered

ValueSet: PlanPreferenceCode
Id: plan-preference-code
Title: "What a preference is about"
Description: "What somebody wants: of treatment, or of care."
* insert Published
* $loinc#75773-2
* $loinc#95541-9

ValueSet: PlanPreferenceCategory
Id: plan-preference-category
Title: "Of which category a preference is"
Description: "The categories of preferences, of treatment and of care, as US Core has them."
* insert Published
* $preference#treatment-intervention-preference
* $preference#care-experience-preference

ValueSet: PlanScoreCode
Id: plan-score-code
Title: "What a review tells degrees of"
Description: "How content a patient is, and with what in doubt, by the codes of our check-in."
* insert Published
* $concept#check-in-satisfaction-treatment-patient
* $concept#check-in-satisfaction-relationship-patient
* $concept#check-in-satisfaction-communication-patient
* $concept#check-in-satisfaction-plan-patient
* $concept#check-in-doubt-diagnosis-patient
* $concept#check-in-doubt-medication-patient
* $concept#check-in-doubt-treatment-patient
