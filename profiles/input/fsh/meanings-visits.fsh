// What the elements of a visit mean.

RuleSet: VisitAppointmentMeanings
* identifier ^short = "By what it is known: ours, that of whoever fills it, and with the type PLAC that of whoever asked for it"
* serviceCategory ^short = "Of which kind of service the visit is, such as mental health"
* serviceType ^short = "For what it is, in the source's own words"
* specialty ^short = "Of which specialty"
* appointmentType ^short = "First or follow-up, as codes of others have it"
* start ^short = "When it begins"
* end ^short = "When it ends; a no-show has both times, too"
* minutesDuration ^short = "How long it is meant to take"
* basedOn ^short = "The referral that led to it"
* participant ^short = "The patient, the clinician and the place"
* participant.type ^short = "Of the clinician: with whom the visit is"
* participant.actor ^short = "Who or where that is"
* participant.required ^short = "Whether there is no visit without them"
* participant.status ^short = "declined for whoever called it off, else accepted; FHIR has no word for a no-show here"
* insert VisitMeaningsOfVersion
