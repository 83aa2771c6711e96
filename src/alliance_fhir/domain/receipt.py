"""What became of each resource and each row: the states, the rules, the receipts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

State = Literal[
    "created",
    "updated",
    "unchanged",
    "conflict",
    "foreign",
    "gone",
    "blocked",
    "rejected",
    "not_sent",
]
"""What can become of a resource; the same words in code, ledger, receipts and `--json`."""

STATES: tuple[State, ...] = get_args(State)
ARRIVED: tuple[State, ...] = ("created", "updated", "unchanged")
"""It is at the target, as the source has it."""


MERGED = "merged"
NOT_TAKEN_IN = "not-taken-in"
TAKEN_UP = "outreach-taken-up"
NOT_VALID = "not-valid"
VALIDATION_WARNING = "validation-warning"
VALIDATION_HINT = "validation-hint"
RULES: dict[str, str] = {
    # a file as a whole
    "missing-file": "Check the path; nothing is there.",
    "unreadable-file": "Make the file readable for this user.",
    "name-not-text": "Rename the file; its name, or a folder's in its path, is not UTF-8.",
    "empty-file": "Export again; the file holds nothing, not even a header.",
    "header-only": "Export again; the file has a header and no rows.",
    "unknown-format": "Use .csv, .tsv, .txt, .xlsx; .hl7 for messages; .ndjson, .json for "
    "Appointments; or .plan.yaml, .plan.json for a plan.",
    "unknown-layout": "The first row must name the columns; see [columns] of alliance.toml.",
    "missing-column": "Add the column, or name it in [columns] of alliance.toml.",
    "duplicate-column": "Two columns have one name; rename or remove one.",
    "unknown-column": "The column is ignored; if it matters, name it in [columns].",
    "not-a-spreadsheet": "The file is no .xlsx workbook; save it again as one, or as CSV.",
    "missing-sheet": "No sheet of it has the name that `sheet` has in alliance.toml.",
    "other-sheets": "Other sheets hold something, and were not read; name one as `sheet`, or save "
    "each as a file.",
    "zip-bomb": "The workbook unpacks to far more than a workbook does; do not open it.",
    # a row as a whole
    "too-many-cells": "The row has more cells than the header; look for an unquoted delimiter.",
    "too-few-cells": "The row has fewer cells than the header; the file may be cut off.",
    "unclosed-quote": "A quotation mark opens a cell and is never closed; close or remove it.",
    "wrong-encoding": "Save the file as UTF-8, or set encoding in alliance.toml.",
    "nul-byte": "The row holds NUL bytes; export the file again.",
    "cell-too-long": "A cell is longer than 32,767 characters, the most a spreadsheet holds.",
    "formula": "A cell holds a formula; put its value there instead.",
    "duplicate-equal": "The same record stands twice; it was taken once.",
    "duplicate-different": "Rows with one key differ; keep the right one, or give record ids.",
    "no-answers": "The row has neither answers nor scores.",
    "items-disagree": "The rows of one assessment differ in what they share, or answer twice.",
    # a cell
    "required": "The cell must not be empty.",
    "identifier-without-system": "Write system|value, or set the system in alliance.toml.",
    "not-an-identifier": "Write system|value, both not empty, without spaces at the ends.",
    "unknown-instrument": "Use an id of `alliance-fhir instruments list`.",
    "unknown-rater": "Use patient, therapist, observer or caregiver, or map it in [values.rater].",
    "rater-not-offered": "The instrument has no form for this rater; see `instruments show`.",
    "rater-not-named": "A therapist's rating needs the clinician or a rater_id.",
    "unknown-mode": "Use electronic, paper, face-to-face, phone, video or verbal, or map it.",
    "language-not-known": "Not known in this language; accept it in [instruments.<id>] languages.",
    "not-a-language": "Use a language tag such as en or pt-BR.",
    "not-a-date": "Write ISO 8601, such as 2026-03-02T14:10:00-05:00, or set date_format.",
    "no-zone": "Add the offset to the time, or set zone in alliance.toml.",
    "clock-change": "A clock change makes this local time ambiguous or skips it; add the offset.",
    "not-a-session": "Use the number of the session, 1 or more.",
    "unknown-item": "The instrument has no item of this name.",
    "unknown-answer": "Use a code or label of the scale, or map it in [values.items].",
    "not-a-code": "The item takes a code of its scale, not a decimal number.",
    "not-a-number": "The item takes a plain number with a decimal point.",
    "not-an-integer": "The item takes a whole number.",
    "out-of-range": "The value lies outside of what the item or score can take.",
    "unknown-score": "The instrument has no score of this name.",
    "score-disagrees": "The source's score is not what the rule gives; correct one of them.",
    "score-not-computable": "The rule gives no score for these answers; empty it, or set missing.",
    # a cell of a visit
    "not-a-time": "Write the time beside the day, such as 2026-03-09T14:00:00-05:00.",
    "no-end": "Fill in when it was to end; or set visit_minutes, where all visits last as long.",
    "ends-before-start": "A visit ends after it begins; correct start or end.",
    "unknown-status": "Use pending, waitlist, booked, arrived, checked-in, attended, arrived-late, "
    "too-late, no-show, cancelled or entered-in-error, or map it in [values.status].",
    "known-too-soon": "Nobody can know yet what became of this visit; correct start or status.",
    "attended-and-cancelled": "A visit that was attended was not called off; correct the status, "
    "or empty the cell.",
    "missed-and-not-moved": "Name in missed those starts alone that stand in rescheduled_from; "
    "that the visit was missed at its start, its status says.",
    "unknown-side": "Use patient or provider, or map it in [values.cancelled_by].",
    "not-a-source-code": "Write the code without blanks at its ends, and no two in a row; its "
    "words belong into the column beside.",
    "unknown-modality": "Use in-person, phone or video, or map it in [values.modality].",
    "not-yes-or-no": "Use yes or no, or leave it empty; map other words in [values.first].",
    # a plan document as a whole
    "document-too-large": "A plan has a few pages; give each plan and version a file of its own.",
    "empty-document": "It says nothing; `alliance-fhir init --plan` writes one to fill in.",
    "not-yaml": "No YAML from here on: look for an indentation, a tab, a quotation mark.",
    "not-json": "No JSON from here on: look for a comma, a quotation mark, a bracket.",
    "several-documents": "One file holds one version of one plan; divide it at this `---`.",
    "yaml-alias": "Anchors and aliases (& and *) are not read; write the words out, or quote them.",
    "yaml-tag": "Tags (!) are not read; remove it, or put the text in quotation marks.",
    "too-deep": "No plan has so many levels; look for brackets or an indentation.",
    "not-a-plan": "A plan is keys with values, such as `version: 1`.",
    "more-slips": "There are more slips in this document than are told; mend these first.",
    # a place in a plan document
    "key-twice": "The key stands here a second time; remove one of the two.",
    "unknown-key": "No key of a plan; correct or remove it.",
    "merge-unfinished": "The merge is not finished: choose at each place below `conflicts`, then "
    "take `conflicts` out.",
    "missing-key": "The key is not there, or nothing is told of it; add it.",
    "wrong-kind": "Text, number, list or keys stand here where another of them must.",
    "unknown-word": "Use one of the words of the reference.",
    "blank-text": "The text is empty; write it, or remove the key.",
    "text-too-long": "The text is too long; say it shorter, or as several goals or tasks.",
    "too-many-entries": "The list is too long.",
    "control-character": "Remove the control character, or the line end that is none everywhere.",
    "not-an-address": "Write where a goal or request is, such as https://ehr.example/fhir/Goal/12.",
    "identifier-of-ours": "We give identifiers of this system ourselves; remove it.",
    "not-a-key": "Use letters (A-Z), digits, dot, hyphen and underscore, 64 of them at most.",
    "person-twice": "The person is named twice; remove one.",
    "not-a-guardian": "A guardian is neither the patient nor one of the clinicians.",
    "said-twice": "The preference stands here a second time, of the same party; remove one.",
    "goal-twice": "Two goals have one name; rename or remove one.",
    "task-twice": "Two tasks have one name; rename or remove one.",
    "unknown-goal": "The plan has no goal of this name.",
    "unknown-party": "Write patient, or a clinician or guardian whom the plan names.",
    "review-order": "The review is earlier than the one before it; put them in order.",
    "review-later": "The review is later than the version; a review stands in the version that it "
    "led to.",
    "still-to-come": "The day has not come yet: what is to be goes into `due`, `when` or "
    "`next_review`; correct it.",
    "not-a-medicine": "The plan has no medication task of this name.",
    "more-than-days": "Taken on more days than there were.",
    "version-goes-back": "It was written before the version before it; correct version or date.",
    "patient-differs": "The versions of this plan name several patients; correct the wrong one.",
    "agreed-too-late": "Said after the next version was written; write it into that one.",
    "version-not-raised": "The version was sent with other words, to which somebody had spoken; "
    "give these words a new version.",
    "next-review-past": "The next review is earlier than the version; correct or remove it.",
    "replaces-itself": "A plan cannot take its own place: name the one before, or remove it.",
    "replaces-unfinished": "The plan that it replaces is not over; complete or revoke that first.",
    "replaces-another-patients": "The plan that it replaces is another patient's; correct it.",
    "same-goals": "Another plan of this patient has these goals; under two names they are there "
    "twice.",
    # a message of HL7 v2 as a whole
    "no-header": "A message begins with MSH; what stands before the first one was not read.",
    "several-headers": "Two messages are in one frame; send each in a frame of its own.",
    "truncated-message": "The message is cut off; send it again.",
    "truncated-file": "The file begins a batch that it does not end; send it again.",
    "count-differs": "The batch holds more or fewer messages than it says; send it again.",
    "no-frame": "What came is in no frame of MLLP: 0x0B before a message, 0x1C 0x0D after it.",
    "message-too-large": "The message is larger than 1,048,576 bytes, the most that is read.",
    "bad-separators": "Use |^~\\& or other characters that differ, and are no letters and no "
    "digits.",
    "unknown-charset": "Name UNICODE UTF-8, ASCII or a part of ISO 8859, such as 8859/1.",
    "unknown-version": "Send a message of HL7 v2.3 to v2.8, with its version in MSH-12.",
    "not-production": "MSH-11 names a system for training or debugging; send messages of one in "
    "production, or set processing in [hl7v2].",
    "unknown-processing": "Send P in MSH-11; T or D are for training and debugging.",
    "not-scheduling": "Send scheduling messages here, SIU, and no others.",
    "unknown-event": "The events of appointments are S12 to S22, and S26.",
    "slot-without-appointment": "The message is of time that is blocked or free, and of no "
    "appointment.",
    "no-appointment": "Send the segment SCH; without it nothing is said of an appointment.",
    "several-appointments": "Send a message for each appointment.",
    # a place in a message of HL7 v2
    "message-not-numbered": "Send the number of the message in MSH-10.",
    "several-patients": "Send an appointment for each patient.",
    "appointment-not-numbered": "Send the number of the appointment in SCH-2, or else in SCH-1.",
    "several-patient-numbers": "Send one number, or set patient_system to the system of the "
    "one that counts.",
    "patient-of-no-system": "Send the number of the site's patients, or set its authority's "
    "system in [hl7v2.authorities].",
    "missing-time": "Send when the message was made; of a new appointment, when it begins.",
    "never-said": "None of the appointment's messages that are known says it; give the one that "
    "does, too.",
    # a file of FHIR
    "not-a-resource": "No FHIR: a resource is an object with a resourceType.",
    "line-too-long": "A line is longer than 16 MiB; write one resource on each line.",
    "no-resources": "The file holds no resource; export it again, if it should.",
    "other-resources": "Resources of other types were left alone; of FHIR only Appointments are "
    "read.",
    "reference-only": "Only its own server knows whom the reference means: give the identifier in "
    "the reference, or the Patient in the same file.",
    "left-unnamed": "Only its own server knows whom or what the reference means; the visit goes "
    "without. Give the identifier in the reference, or the resource in the same file.",
    "no-time-yet": "It has no time yet, and is no visit so far; it was left alone.",
    # at the target
    "patient-not-found": "Register the patient at the target, or use --create-people in a sandbox.",
    "patient-ambiguous": "Several patients have this identifier; merge or correct them.",
    "patient-merged": "Merged into somebody whom we cannot follow to; mend the link there.",
    "person-not-found": "The person is named by identifier only; register them.",
    "person-ambiguous": "Several people have this identifier; named by identifier only.",
    "patient-changed": "The record belonged to another patient; retract it there first.",
    "clinician-not-found": "The clinician is named by identifier only; register the clinician.",
    "clinician-ambiguous": "Several clinicians have this identifier; named by identifier only.",
    "newer-at-target": "A newer version of the plan is there, unknown to this ledger; give that "
    "document as well, or use --accept-older.",
    "older-version": "An older version of what was sent; use --accept-older if it is right.",
    "rule-changed": "The row is as it was, our rules or the settings are not; use --rescore.",
    "no-longer-given": "The row gives less than it did; the rest was left there: retract --only.",
    "changed-at-target": "Somebody changed our resource; nothing was overwritten. Look at it "
    "there, then choose: --take source or --take server; of a plan --merge, too.",
    "deleted-at-target": "Somebody deleted our resource; it was not made again: --recreate does.",
    "not-ours": "A resource with this identifier is there and was not written by us; --adopt makes "
    "it ours.",
    "number-taken": "An Appointment with this number is there and not ours; none was made beside "
    'it. Where both are wanted, set appointments of the target to "beside".',
    "no-appointment-there": "The target has no Appointment with this number, and is given none: "
    'make it there; or set appointments of the target to "once", and it is made by us.',
    "number-ambiguous": "Several Appointments with this number are there; remove the doubles.",
    "another-patients": "The Appointment with this number is not seen to be this patient's; its "
    "status was left as it is. Compare the two.",
    "status-further-on": "The Appointment there is further on than the source says, or entered in "
    "error; its status was left as it is. Mend the side that is behind.",
    "status-not-allowed": "FHIR does not allow this status beside what the Appointment there says: "
    "a reason for cancelling it, or no start and end. Set it there by hand.",
    "source-taken": "Somebody's change at the target was overwritten, as asked.",
    "server-kept": "Somebody's change at the target was kept, as asked, until the source changes.",
    MERGED: "Somebody's change at the target was merged with the source's, as asked.",
    NOT_TAKEN_IN: "Somebody added there what a document cannot carry; it stays theirs, and the "
    "plan lists it.",
    "recreated": "What somebody deleted at the target was made again, as asked.",
    "adopted": "What somebody made at the target under our identifier is ours now, as asked.",
    "retracted": "The record was retracted and stays so; --reinstate gives it again.",
    TAKEN_UP: "The visit was not missed after all, and somebody works on the Task to reach out; it "
    "was left to them: tell them.",
    "reinstated": "What was retracted counts again, as asked.",
    "found-twice": "The identifier is at the target more than once; remove the doubles.",
    "not-accepted": "The target takes none of this type, or not from us; `probe` tells more.",
    "left-out": "The target takes none of this type; the records went there without it.",
    "still-referenced": "Others refer to it, who would be left with nothing; it was not removed.",
    "in-use": "Another run uses this ledger and may need it; undo again when that has ended.",
    "changed-later": "A later run of ours changed it; undo that one first.",
    "not-removed": "The target removes nothing, or not for us; retract the records instead.",
    "not-restored": "The target does not keep the version before; it was left as it is.",
    "refused": "The target declined it; change the data, or the target's rules.",
    NOT_VALID: "The target's validation finds an error; change the data, or the target's rules.",
    VALIDATION_WARNING: "The target's validation warns of it, which holds nothing back.",
    VALIDATION_HINT: "The target's validation remarks on it, which holds nothing back.",
    "always-in-conflict": "The target keeps saying that its copy is newer; look there, run again.",
    "in-doubt": "It was sent, and the run ended before it was known whether it arrived; run again: "
    "it is looked for first.",
    "not-made": "What we make of it fails our own check, which is a defect of ours; report it.",
    "not-sent": "It was not sent, and it is not known why; report it, where it stays so.",
    "letter-without-row": "The dead letter's record is no longer in its file; remove the letter.",
    "disappeared": "The record was sent once and is no longer in the source; nothing was deleted.",
    "not-compared": "The row's key could not be read: what is gone from this file is not known. "
    "Mend the row.",
    # read back from a target
    "questionnaire-not-ours": "The form is none that is known here; add the site's file for it.",
    "patient-not-named": "The patient is not named by an identifier, and a row needs one.",
    "withdrawn": "The resource is marked as entered in error, and gives no row.",
    "no-plan": "The CarePlan cannot be a plan document; look at it there.",
    "not-carried": "A plan document has no place for it; it stays at the target.",
    "day-assumed": "It is in the document, with a day that is not its own; look at it there.",
    "not-readable": "The resource is not as we write it; look at it there.",
    "response-missing": "Scores of answers are there, the answers are not; look there.",
    "score-missing": "A score that belongs to the record is not there; look there.",
    "key-differs": "Synced again it would be another record: are source and key as they were?",
    "reads-differently": "With these settings the row is read as something else; see [values].",
}
"""Every rule and what to do about it."""


class Finding(NamedTuple):
    """A place and the rule that it breaks; never the value that stands there.

    `row` counts from 1, the header being row 1; 0 where the whole file is meant. `key` is the
    business key of the record, where so much could be read; it is shown to nobody. `resource` is
    where the target has what stands in the way, `ours` and `theirs` are the digests of both. In a
    document `row` is the line, and `column` the path of the key; of a message its line, and
    segment, field and component. `beside` is one more finding of a record that is counted by
    another, or by itself, or is none.
    """

    path: str
    row: int
    column: str
    rule: str
    remedy: str = ""
    key: str = ""
    resource: str = ""
    ours: str = ""
    theirs: str = ""
    beside: bool = False

    def as_json(self) -> dict[str, str | int]:
        """The shape of a finding in `--json`; what is empty is absent."""
        told = {**self._asdict(), "remedy": self.remedy or RULES[self.rule]}
        told |= {"key": "", "beside": ""}
        return {key: value for key, value in told.items() if value}


class Receipt(NamedTuple):
    """What became of one resource: its type, its business key, its state, and where it is now.

    `remedy` where more can be said than what the rule says by itself; `theirs` is the digest of
    what stands in the way. `element` is what of the record is not valid, and `place` the resource
    whose that is.
    """

    type: str
    key: str
    state: State
    id: str = ""
    version: str = ""
    digest: str = ""
    rule: str = ""
    remedy: str = ""
    theirs: str = ""
    element: str = ""
    place: str = ""

    def finding(self, path: str, row: int, column: str, rule: str) -> Finding:
        """What is told of it, and where."""
        if self.element:
            return Finding(path, row, self.element, rule, self.remedy, "", self.place)
        if not self.theirs and self.state != "gone":
            return Finding(path, row, column, rule, self.remedy)
        place = f"{self.type}/{self.id}"
        return Finding(path, row, column, rule, self.remedy, "", place, self.digest, self.theirs)


@dataclass
class Tally:
    """The counts and findings of one run."""

    read: int = 0
    accepted: int = 0
    resources: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATES, 0))
    rejected: list[Finding] = field(default_factory=list[Finding])
    blocked: list[Finding] = field(default_factory=list[Finding])
    warnings: list[Finding] = field(default_factory=list[Finding])
    disappeared: list[Finding] = field(default_factory=list[Finding])


WARNINGS = frozenset(
    {"unknown-column", "duplicate-equal", "clinician-not-found", "clinician-ambiguous"}
    | {"person-not-found", "person-ambiguous"}
    | {"older-version", "rule-changed", "no-longer-given", "left-out"}
    | {"source-taken", "server-kept", MERGED, NOT_TAKEN_IN, TAKEN_UP, "recreated", "adopted"}
    | {"retracted", "reinstated", "in-doubt", "letter-without-row", "not-compared"}
    | {"other-sheets", "review-later", "same-goals", "slot-without-appointment"}
    | {"questionnaire-not-ours", "patient-not-named", "withdrawn", "key-differs"}
    | {"not-carried", "day-assumed"}
    | {"status-further-on"}
    | {VALIDATION_WARNING, VALIDATION_HINT}
    | {"no-resources", "other-resources", "left-unnamed", "no-time-yet"}
)
"""Rules whose breach loses nothing: told, and not counted as rejected."""

AS_ASKED = frozenset({"source-taken", "server-kept", "recreated", "adopted", "reinstated"})
"""What was done because an option asked for it; told of what was done alone."""
