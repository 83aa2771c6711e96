// What we write besides: see ../written.

RuleSet: WrittenActivity
* activity.reference obeys written-own

RuleSet: WrittenCancellation
* cancelationReason.coding MS

RuleSet: WrittenVersions
* extension[versionAlgorithm].value[x] only Coding
* extension[versionAlgorithm].value[x] = http://hl7.org/fhir/version-algorithm#semver
