Alias: $keptByOthers = https://alliance-fhir.github.io/ig/StructureDefinition/kept-by-others

Profile: SharedCarePlan
Parent: CarePlan
Id: shared-care-plan
Title: "Shared care plan"
Description: "A plan that patient and clinician wrote together, in its newest version."
* insert Published
* ^purpose = "A good clinician makes the plan together with the patient: both say what the goals are, and both agree (Stubbe 2018). So this plan has no single author: patient and clinicians contribute to it. It holds goals, what each will do, and the talk from which they came, in its newest version, and it can be read as text by people who have no tool for FHIR. What is in it is there by reference, with its own agreements."
* insert SharedCarePlanMeanings
* insert OfPlan
* insert OwnIdentifier
* text 1..1 MS
* text.status = #generated
* extension contains
    https://alliance-fhir.github.io/ig/StructureDefinition/plan-version named planVersion 1..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/plan-written named planWritten 1..1 MS and
    https://alliance-fhir.github.io/ig/StructureDefinition/source-record named sourceRecord 1..1 MS
* replaces MS
* status MS
* status from PlanStatus (required)
* intent MS
* intent = #plan
* category MS
* category ^slicing.discriminator.type = #value
* category ^slicing.discriminator.path = "$this"
* category ^slicing.rules = #open
* category contains carePlan 1..1 MS and assessPlan 1..1 MS
* category[carePlan] ^short = "As US Core has it today"
* category[assessPlan] ^short = "As US Core had it up to version 8"
* category[carePlan] = $sct#734163000
* category[assessPlan] = $planCategory#assess-plan
* title 1..1 MS
* title = "Shared plan"
* title ^short = "Always the same: no words of the patient's"
* subject MS
* subject only Reference(Patient)
* period 1..1 MS
* period.start 1..1
* period.start obeys plan-day
* period.end 0..0
* created 1..1 MS
* contributor 2..* MS
* contributor only Reference(Patient or Practitioner)
* contributor ^short = "The patient and the clinicians: the plan is nobody's alone"
* careTeam 1..1 MS
* goal MS
* goal.extension contains $keptByOthers named keptByOthers 0..1 MS
* goal obeys plan-reference
* supportingInfo MS
* supportingInfo only Reference(QuestionnaireResponse or Observation)
* activity MS
* insert PlannedActivity
* obeys plan-one-patient

// No slice: whom a reference by identifier means, only its type says.
Invariant: plan-one-patient
Description: "One patient wrote the plan, with clinicians."
Severity: #error
Expression: "contributor.where(type = 'Patient' or reference.matches('(^|/)Patient/')).count() = 1"

Invariant: plan-reference
Description: "What belongs to a plan is of it, and then known by an identifier, or kept by others."
Severity: #error
Expression: "identifier.exists() != extension('https://alliance-fhir.github.io/ig/StructureDefinition/kept-by-others').exists()"

Profile: SharedCareTeam
Parent: CareTeam
Id: shared-care-team
Title: "Shared care team"
Description: "Who has part in a shared plan: the patient, the clinicians, and guardians."
* insert Published
* ^purpose = "Who has part in the plan: whoever may agree or say no, and nobody else. The patient is one of them, as a member and not only as the one whom it is about; a guardian speaks beside an adolescent, and never for them."
* insert SharedCareTeamMeanings
* insert OfPlan
* insert OwnIdentifier
* status 1..1 MS
* status from PlanTeamStatus (required)
* subject 1..1 MS
* subject only Reference(Patient)
* participant 2..* MS
* participant.role 1..1 MS
* participant.member 1..1 MS
* participant.member only Reference(Patient or Practitioner or RelatedPerson)
* participant obeys team-patient and team-clinician and team-guardian

Invariant: team-patient
Description: "The patient is in it as the patient."
Severity: #error
Expression: "member.type = 'Patient' implies role.coding.where(system = 'http://snomed.info/sct' and code = '116154003').exists()"

// No code: the plan does not say of which profession a clinician is.
Invariant: team-clinician
Description: "A clinician's role is told in words."
Severity: #error
Expression: "member.type = 'Practitioner' implies role.text = 'Clinician'"

Invariant: team-guardian
Description: "A guardian's role is told in words."
Severity: #error
Expression: "member.type = 'RelatedPerson' implies role.text = 'Guardian'"
