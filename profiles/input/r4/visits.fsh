// What differs between the versions of FHIR.

RuleSet: VisitOfVersion
* cancelationReason MS
* cancelationReason.coding 1..1
* cancelationReason.coding from VisitCancellation (required)
* insert InTheirWords(serviceType)
* reasonCode 0..1 MS
* insert InTheirWords(reasonCode)

RuleSet: NoCancellationReason
* cancelationReason 0..0

Invariant: visit-called-off
Description: "Who called it off is said of what is cancelled alone."
Severity: #error
Expression: "cancelationReason.exists() implies status = 'cancelled'"

Invariant: visit-required
Description: "Without the people who are to come there is no visit: they are required."
Severity: #error
Expression: "actor.where(type != 'Location').exists() implies required = 'required'"

RuleSet: ReferralCode
* code = $sct#3457005

RuleSet: OutreachOfVersion
* statusReason.text 1..1
* reasonCode MS
* reasonCode.text 1..1
* reasonCode.coding 1..1
* reasonCode.coding from MissedVisit (required)
* restriction 1..1 MS
* restriction.period 1..1 MS
* restriction.period.start 1..1

Invariant: outreach-called-off
Description: "What is called off says why, and nothing is left in it of what was to be asked. What was entered in error may stand as it was."
Severity: #error
Expression: "status = 'cancelled' implies (statusReason.exists() and basedOn.exists().not() and input.exists().not() and reasonCode.exists().not())"
