// What we write besides, and of a data type that R4 does not have: see ../written.

Profile: WrittenCodeableReference
Parent: CodeableReference
Id: written-codeable-reference
* concept 1..1 MS

RuleSet: WrittenActivity
* activity.plannedActivityReference obeys written-own

RuleSet: WrittenCancellation
* cancellationReason.coding MS

RuleSet: WrittenVersions
* versionAlgorithm[x] = http://hl7.org/fhir/version-algorithm#semver
