// What stands in plans is known by the plan's key, at any site.

Profile: WrittenPlan
Parent: SharedCarePlan
Id: written-plan
* replaces obeys written-own
* careTeam obeys written-own
* goal obeys written-own
* supportingInfo obeys written-own
* insert WrittenActivity


Invariant: written-own
Description: "What a plan refers to is of a plan of ours, unless others keep it."
Severity: #error
Expression: "extension.empty() implies (identifier.system.matches('/identifier$') and identifier.value.matches('^[0-9a-f]{32}-[A-Za-z0-9][A-Za-z0-9._:-]*$'))"
