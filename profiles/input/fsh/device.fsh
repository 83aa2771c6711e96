Profile: AllianceDevice
Parent: Device
Id: alliance-device
Title: "Software"
Description: "The software that makes the resources, one for each source of data: whom Provenances name."
* insert Published
* insert Sealed
* insert Identified
* identifier 1..1
* insert DeviceName
* version 1..* MS
* version.value MS
