// What we write of a data type that R4 does not have: see ../written.

Profile: WrittenCodeableReference
Parent: CodeableReference
Id: written-codeable-reference
* concept 1..1 MS
