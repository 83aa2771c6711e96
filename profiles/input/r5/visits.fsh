// What differs between the versions of FHIR.

RuleSet: NoCancellationReason
* cancellationReason 0..0

Invariant: visit-called-off
Description: "Who called it off is said of what is cancelled alone."
Severity: #error
Expression: "cancellationReason.exists() implies status = 'cancelled'"
