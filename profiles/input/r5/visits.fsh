// What differs between the versions of FHIR.

RuleSet: VisitOfVersion
* subject 1..1 MS
* subject only Reference(Patient)
* insert Named(subject)
* basedOn only Reference(VisitReferral)
* cancellationReason MS
* cancellationReason.coding 1..1
* cancellationReason.coding from VisitCancellation (required)
* cancellationDate MS
* serviceType.concept 1..1
* insert InTheirWords(serviceType.concept)
* reason 0..1 MS
* reason.concept 1..1
* insert InTheirWords(reason.concept)

RuleSet: NoCancellationReason
* cancellationReason 0..0

Invariant: visit-called-off
Description: "Who called it off is said of what is cancelled alone."
Severity: #error
Expression: "(cancellationReason.exists() or cancellationDate.exists()) implies status = 'cancelled'"

Invariant: visit-required
Description: "Without the people who are to come there is no visit: they are required."
Severity: #error
Expression: "actor.where(type != 'Location').exists() implies required = true"

RuleSet: ReferralCode
* code.concept 1..1
* code.concept = $sct#3457005

RuleSet: OutreachOfVersion
* statusReason.concept 1..1
* statusReason.concept.text 1..1
* reason 0..1 MS
* reason.concept 1..1
* reason.concept.text 1..1
* reason.concept.coding 1..1
* reason.concept.coding from MissedVisit (required)
* requestedPeriod 1..1 MS
* requestedPeriod.start 1..1

Invariant: outreach-called-off
Description: "What is called off says why, and nothing is left in it of what was to be asked. What was entered in error may stand as it was."
Severity: #error
Expression: "status = 'cancelled' implies (statusReason.exists() and basedOn.exists().not() and input.exists().not() and reason.exists().not())"
