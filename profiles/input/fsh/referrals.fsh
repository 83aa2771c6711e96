Profile: VisitReferral
Parent: ServiceRequest
Id: visit-referral
Title: "Referral"
Description: "By whom a patient was sent, one for all visits to which it led: missed first visits are read by referrer. Whether it still stands is not ours to say."
* insert Published
* insert Sealed
* insert Identified
* identifier 1..2
* status MS
* status from ReferralStatus (required)
* intent MS
* intent = #order
* code 1..1 MS
* insert ReferralCode
* subject MS
* subject only Reference(Patient)
* insert Named(subject)
* requester MS
* requester only Reference(Practitioner)
* insert Named(requester)

ValueSet: ReferralStatus
Id: referral-status
Title: "How a referral stands"
Description: "It is somebody else's, so that this is unknown; or it was withdrawn here."
* insert Published
* $request-status#unknown
* $request-status#entered-in-error
