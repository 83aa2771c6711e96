// What differs between the versions of FHIR.

RuleSet: FormLabels
* extension contains
    http://hl7.org/fhir/StructureDefinition/artifact-versionAlgorithm named versionAlgorithm 1..1 MS and
    http://hl7.org/fhir/StructureDefinition/artifact-copyrightLabel named copyrightLabel 1..1 MS

// Beside the weights their predecessor, which older form fillers read.
RuleSet: Weights(path)
* {path}.extension contains
    http://hl7.org/fhir/StructureDefinition/itemWeight named weight 0..1 MS and
    http://hl7.org/fhir/StructureDefinition/ordinalValue named ordinalValue 0..1 MS

RuleSet: DeviceName
* deviceName 1..* MS
* deviceName.name MS
* deviceName.type MS

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
* http://hl7.org/fhir/item-type#choice
* http://hl7.org/fhir/item-type#reference
