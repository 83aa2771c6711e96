// What differs between the versions of FHIR.

RuleSet: FormLabels
* versionAlgorithm[x] 1..1 MS
* versionAlgorithm[x] only Coding
* insert Told(versionAlgorithm[x])
* copyrightLabel 1..1 MS

RuleSet: Weights(path)
* {path}.extension contains http://hl7.org/fhir/StructureDefinition/itemWeight named weight 0..1 MS

RuleSet: DeviceName
* name 1..* MS
* name.value MS
* name.type MS
* name.display MS

ValueSet: FormItemType
Id: form-item-type
Title: "Kinds of questions"
Description: "What questions of our forms can be."
* insert Published
* http://hl7.org/fhir/item-type#group
* http://hl7.org/fhir/item-type#boolean
* http://hl7.org/fhir/item-type#decimal
* http://hl7.org/fhir/item-type#integer
* http://hl7.org/fhir/item-type#text
* http://hl7.org/fhir/item-type#coding
* http://hl7.org/fhir/item-type#reference
