Profile: AllianceDevice
Parent: Device
Id: alliance-device
Title: "Software"
Description: "The software that makes the resources, one for each source of data: whom Provenances name."
* insert Published
* ^purpose = "Whoever reads a score asks where it comes from, and a resource should never look as if a person had written it when a program did. This is the program, as the one who made the resources: Provenance names it, one for each source of data."
* insert AllianceDeviceMeanings
* insert Sealed
* insert Identified
* identifier 1..1
* insert DeviceName
* version 1..* MS
* version.value MS
