// What differs between the versions of FHIR.

RuleSet: NoCancellationReason
* cancelationReason 0..0

Invariant: visit-called-off
Description: "Who called it off is said of what is cancelled alone."
Severity: #error
Expression: "cancelationReason.exists() implies status = 'cancelled'"
