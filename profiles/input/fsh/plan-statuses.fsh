// Which of FHIR's statuses the resources of shared plans have.

ValueSet: PlanStatus
Id: plan-status
Title: "How a shared plan stands"
Description: "The statuses that a shared plan can have."
* insert Published
* http://hl7.org/fhir/request-status#draft
* http://hl7.org/fhir/request-status#active
* http://hl7.org/fhir/request-status#on-hold
* http://hl7.org/fhir/request-status#completed
* http://hl7.org/fhir/request-status#revoked

ValueSet: PlanTeamStatus
Id: plan-team-status
Title: "How the team of a shared plan stands"
Description: "The statuses that the team of a shared plan can have."
* insert Published
* http://hl7.org/fhir/care-team-status#proposed
* http://hl7.org/fhir/care-team-status#active
* http://hl7.org/fhir/care-team-status#suspended
* http://hl7.org/fhir/care-team-status#inactive

ValueSet: PlanGoalStatus
Id: plan-goal-status
Title: "How a goal of a shared plan stands"
Description: "The statuses that a goal of a shared plan can have."
* insert Published
* http://hl7.org/fhir/goal-status#proposed
* http://hl7.org/fhir/goal-status#active
* http://hl7.org/fhir/goal-status#on-hold
* http://hl7.org/fhir/goal-status#completed
* http://hl7.org/fhir/goal-status#cancelled
* http://hl7.org/fhir/goal-status#rejected

ValueSet: PlanRequestStatus
Id: plan-request-status
Title: "How a request of a shared plan stands"
Description: "The statuses that a visit, psychotherapy, contact or the next review of a shared plan can have."
* insert Published
* http://hl7.org/fhir/request-status#draft
* http://hl7.org/fhir/request-status#active
* http://hl7.org/fhir/request-status#on-hold
* http://hl7.org/fhir/request-status#completed
* http://hl7.org/fhir/request-status#revoked

ValueSet: PlanMedicationStatus
Id: plan-medication-status
Title: "How a medicine of a shared plan stands"
Description: "The statuses that a medicine of a shared plan can have. It is never stopped: that would tell somebody to stop taking it."
* insert Published
* http://hl7.org/fhir/CodeSystem/medicationrequest-status#draft
* http://hl7.org/fhir/CodeSystem/medicationrequest-status#active
* http://hl7.org/fhir/CodeSystem/medicationrequest-status#on-hold
* http://hl7.org/fhir/CodeSystem/medicationrequest-status#completed
* http://hl7.org/fhir/CodeSystem/medicationrequest-status#cancelled

ValueSet: PlanTaskStatus
Id: plan-task-status
Title: "How a task of a shared plan stands"
Description: "The statuses that a task of a shared plan can have."
* insert Published
* http://hl7.org/fhir/task-status#draft
* http://hl7.org/fhir/task-status#accepted
* http://hl7.org/fhir/task-status#on-hold
* http://hl7.org/fhir/task-status#completed
* http://hl7.org/fhir/task-status#cancelled

ValueSet: PlanObservationStatus
Id: plan-observation-status
Title: "How what was seen stands"
Description: "The statuses that an Observation of a shared plan can have."
* insert Published
* http://hl7.org/fhir/observation-status#final
* http://hl7.org/fhir/observation-status#amended
* http://hl7.org/fhir/observation-status#corrected
* http://hl7.org/fhir/observation-status#entered-in-error

ValueSet: PlanResponseStatus
Id: plan-response-status
Title: "How what was said stands"
Description: "The statuses that a response of a shared plan can have."
* insert Published
* http://hl7.org/fhir/questionnaire-answers-status#completed
* http://hl7.org/fhir/questionnaire-answers-status#amended
* http://hl7.org/fhir/questionnaire-answers-status#entered-in-error
