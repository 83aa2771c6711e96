Profile: PlanTask
Parent: Task
Id: plan-task
Title: "Task of a shared plan"
Description: "What somebody does for themselves, with other people, or otherwise, as the plan says it, with who agreed to it."
* insert Published
* ^purpose = "What a patient, or somebody near, has taken on: sleep at a set hour, meeting friends, writing something down. It has a place of its own, so that the plan does not hold only what professionals do, and it waits until all parties have agreed."
* insert PlanTaskMeanings
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
* ^purpose = "A way to reach each other between visits belongs to a good beginning (Stubbe 2018). This says which way, and which when it is urgent; or it is contact that was agreed as a task. Nobody is sent anything by it."
* insert PlanCommunicationRequestMeanings
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
