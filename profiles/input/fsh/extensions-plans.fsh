// What no standard has an element or an extension for: shared plans.

Extension: PlanVersion
Id: plan-version
Title: "Plan version"
Description: "Which version of a shared plan this is, as its document counts them; the first is 1."
Context: CarePlan
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only positiveInt

Extension: PlanWritten
Id: plan-written
Title: "Plan written"
Description: "When this version of a shared plan was written, as its document says: a day or a time. CarePlan.created says when the first was."
Context: CarePlan
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only dateTime

Extension: KeptByOthers
Id: kept-by-others
Title: "Kept by others"
Description: "A goal or a request that belongs to a shared plan, is not of it, and stays as others have it: where it is."
Context: Reference
* insert Published
* . 0..1
* value[x] 1..1
* value[x] only url

Extension: Agreement
Id: agreement
Title: "Agreement"
Description: "Where a party stands on the words of a task of a shared plan."
Context: CommunicationRequest, MedicationRequest, ServiceRequest, Task
* insert Published
* insert Part(individual, 1, [[Reference(Patient or Practitioner or RelatedPerson)]], "Who.")
* insert Part(status, 1, code, "As in goal-acceptance: agree\, disagree or pending.")
* extension[status].value[x] from http://hl7.org/fhir/ValueSet/goal-acceptance-status (required)
* insert Said

Extension: AgreementTo
Id: agreement-to
Title: "Agreement to words"
Description: "When, and to which words of a goal, a party said what goal-acceptance says of it."
Context: http://hl7.org/fhir/StructureDefinition/goal-acceptance
* insert Published
* . 0..1
* insert Said

// What FHIR's own goal-acceptance has no place for.
RuleSet: Said
* insert Part(on, 0, date, "The day on which it was said.")
* insert Part(digest, 0, string, "The digest of the words to which it was said.")
* insert Part(withdrawn, 0, boolean, "True where an agreement to these words was taken back\, which is no disagreement.")
* insert Part(earlier, 0, code, "What the party said last to other words\, where it has said nothing to these: agree\, disagree or withdrawn.")
* extension[earlier].value[x] from https://alliance-fhir.github.io/ig/ValueSet/earlier-agreement (required)
* insert Part(earlier-on, 0, date, "The day on which that was said.")
