Profile: PlanTask
Parent: Task
Id: plan-task
Title: "Task of a shared plan"
Description: "What somebody does for themselves, with other people, or otherwise, as the plan says it, with who agreed to it."
* insert Published
* insert PlanRequest(2)
* status from PlanTaskStatus (required)
* statusReason MS
* insert InWordsWhyTask
* intent MS
* intent = #plan
* code 1..1 MS
* code from PlanTaskCode (required)
* description 1..1 MS
* for 1..1 MS
* for only Reference(Patient)
* owner MS
* insert OfParties(owner)
* obeys request-left

Profile: PlanCommunicationRequest
Parent: CommunicationRequest
Id: plan-communication-request
Title: "Contact of a shared plan"
Description: "A task of a shared plan that is contact apart from visits, with who agreed to it; or how patient and clinician reach each other, between visits and when it is urgent, to which nobody is asked to agree."
* insert Published
* insert PlanRequest(0)
* status from PlanRequestStatus (required)
* statusReason MS
* insert InWords(statusReason)
* category 1..1 MS
* category from PlanContactCategory (required)
* subject 1..1 MS
* subject only Reference(Patient)
* payload 1..1 MS
* payload.content[x] MS
* insert PlanCommunication
* obeys request-left and contact-asked and contact-alone

Invariant: contact-asked
Description: "Of a task the parties are asked whether they agree."
Severity: #error
Expression: "category.coding.code = 'contact' implies extension('https://alliance-fhir.github.io/ig/StructureDefinition/agreement').count() >= 2"
