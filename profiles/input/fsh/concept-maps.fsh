// How what others say of a visit goes into our codes. What differs between the versions of FHIR is
// in the rule sets Narrower, Wider, Same and Nothing.

Instance: v2-0278-to-attendance
InstanceOf: ConceptMap
Usage: #definition
Title: "HL7 table 0278 to attendance"
Description: "What a message of HL7 v2 says in SCH-25 of an appointment, as what became of a visit."
* insert AboutMap(v2-0278-to-attendance, V20278ToAttendance)
* title = "HL7 table 0278 to attendance"
* description = "What a message of HL7 v2 says in SCH-25 of an appointment, as what became of a visit. Its events go before it (S15, S17, S26), and a notice that is known decides between no-show and cancellation. Blocked and Overbook are said of time and of no visit; what is Discontinued may have taken place: the site says what it means by that."
* insert FromValueSet(http://terminology.hl7.org/ValueSet/v2-0278)
* group[0].source = "http://terminology.hl7.org/CodeSystem/v2-0278"
* group[0].target = "https://alliance-fhir.github.io/ig/CodeSystem/attendance"
* insert Wider(Pending, unknown, "Nothing is known yet.")
* insert Wider(Waitlist, unknown, "Nothing is known yet.")
* insert Wider(Booked, unknown, "Nothing is known yet.")
* insert Wider(Started, attended, "Who is being seen has come.")
* insert Wider(Complete, attended, "Who was seen has come.")
* insert Narrower(Cancelled, patient-cancellation, "Where the patient called it off in time.")
* insert Besides(late-cancellation, "Where the patient called it off too late.")
* insert Besides(provider-cancellation, "Where the provider called it off.")
* insert Besides(unknown, "Where nobody knows who called it off.")
* insert Wider(Deleted, unknown, "There was no such visit.")
* insert Same(Noshow, no-show, "Where no notice was given.")
* insert Nothing(Discontinued)
* insert Nothing(Blocked)
* insert Nothing(Overbook)

Instance: nhs-attended-to-attendance
InstanceOf: ConceptMap
Usage: #definition
Title: "NHS attended or did not attend to attendance"
Description: "The national codes of England's NHS for ATTENDED OR DID NOT ATTEND, as what became of a visit."
* insert AboutMap(nhs-attended-to-attendance, NhsAttendedToAttendance)
* title = "NHS attended or did not attend to attendance"
* description = "The national codes of England's NHS for ATTENDED OR DID NOT ATTEND, as what became of a visit. The NHS publishes no canonical for them: the address of the page of its data dictionary that lists them stands in its place (read in the release of June 2026)."
* group[0].source = "https://www.datadictionary.nhs.uk/data_elements/attended_or_did_not_attend_code.html"
* group[0].target = "https://alliance-fhir.github.io/ig/CodeSystem/attendance"
* insert Wider(0, unknown, "The appointment is still to come.")
* insert Narrower(2, patient-cancellation, "Where that was in time; the NHS does not tell.")
* insert Besides(late-cancellation, "Where that was too late.")
* insert Same(3, no-show, "No advance warning was given.")
* insert Same(4, provider-cancellation, "Cancelled or postponed by the provider.")
* insert Same(5, attended, "On time or\, if late\, before somebody was ready to see the patient.")
* insert Wider(6, late-arrival, "Arrived late and was seen.")
* insert Wider(7, late-arrival, "Arrived late and could not be seen: this is no no-show.")

RuleSet: AboutMap(id, name)
* url = "https://alliance-fhir.github.io/ig/ConceptMap/{id}"
* version = "0.1.0"
* name = "{name}"
* status = #active
* experimental = false
* publisher = "The alliance-fhir project"
* copyright = "Part of alliance-fhir, under the Apache License 2.0."
* insert ToValueSet(https://alliance-fhir.github.io/ig/ValueSet/attendance-kind)
