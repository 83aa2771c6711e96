// Whom we make where a site asks for it: their number, and nothing else.

Profile: WrittenPatient
Parent: Patient
Id: written-patient
* insert Sealed
* insert Identified
* identifier 1..1

Profile: WrittenPractitioner
Parent: Practitioner
Id: written-practitioner
* insert Sealed
* insert Identified
* identifier 1..1
