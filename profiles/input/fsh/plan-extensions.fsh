// What no standard has an element or an extension for, in plans.

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
* value[x] obeys kept-address

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
* obeys agreement-said and agreement-withdrawn

Extension: AgreementTo
Id: agreement-to
Title: "Agreement to words"
Description: "When, and to which words of a goal, a party said what goal-acceptance says of it."
Context: http://hl7.org/fhir/StructureDefinition/goal-acceptance
* insert Published
* . 0..1
* insert Said

Invariant: kept-address
Description: "It is the address of a goal or a request at the server that has it."
Severity: #error
Expression: "matches('^https?://[^ |]+/(Goal|Task|(Service|Medication|Communication)Request)/[A-Za-z0-9.-]{1,64}$')"

Invariant: agreement-said
Description: "Who agrees or says no has said so on a day."
Severity: #error
Expression: "extension('status').value != 'pending' implies extension('on').exists()"

Invariant: agreement-withdrawn
Description: "Where it is pending what was said to these words, it was taken back; and nothing else was."
Severity: #error
Expression: "(extension('status').value = 'pending' and extension('on').exists()) = extension('withdrawn').exists()"

// What FHIR's own goal-acceptance has no place for.
RuleSet: Said
* insert Part(on, 0, date, "The day on which it was said.")
* insert Part(digest, 0, string, "The digest of the words to which it was said.")
* insert Part(withdrawn, 0, boolean, "True where an agreement to these words was taken back\, which is no disagreement.")
* insert Part(earlier, 0, code, "What the party said last to other words\, where it has said nothing to these: agree\, disagree or withdrawn.")
* extension[earlier].value[x] from https://alliance-fhir.github.io/ig/ValueSet/earlier-agreement (required)
* insert Part(earlier-on, 0, date, "The day on which that was said.")
* extension[digest].value[x] obeys words-digest
* extension[withdrawn].value[x] = true
* obeys said-on and said-earlier and said-once

Invariant: words-digest
Description: "It is a digest as ours are: BLAKE2b of 16 bytes."
Severity: #error
Expression: "matches('^blake2b:[0-9a-f]{32}$')"

Invariant: said-on
Description: "What was said was said on a day, and to words."
Severity: #error
Expression: "extension('on').exists() = extension('digest').exists()"

Invariant: said-earlier
Description: "What was said to other words was said on a day."
Severity: #error
Expression: "extension('earlier').exists() = extension('earlier-on').exists()"

Invariant: said-once
Description: "What was said to other words counts no more where something was said to these."
Severity: #error
Expression: "extension('on').exists() implies extension('earlier').exists().not()"
