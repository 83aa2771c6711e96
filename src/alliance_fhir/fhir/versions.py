"""What differs between the versions of FHIR in what we write, and nothing else.

R4 and R4B have one shape for all of it; R5 has another (the published definitions 4.0.1, 4.3.0 and
5.0.0). A new version is one entry in VERSIONS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from alliance_fhir.errors import ConfigError

VersionKey = Literal["4.0", "4.3", "5.0"]
Build = Literal["r4", "r5"]
"""A version of FHIR for which there is a package."""
Json = dict[str, Any]

_SD = "http://hl7.org/fhir/StructureDefinition"


@dataclass(frozen=True)
class Version:
    """One version of FHIR. `models` is the package of fhir.resources that checks it."""

    key: VersionKey
    label: str
    full: str
    models: str
    choice: Literal["choice", "coding"]
    ordinal_values: bool
    profiled: bool = False
    """Whether there are profiles of ours for it, which what we write claims."""

    @property
    def build(self) -> Build:
        """For which version of FHIR the package and the check's schema are that serve this one:
        R4B has those of R4."""
        return "r4" if self.ordinal_values else "r5"

    def response_identifier(self, identifier: Json) -> Json | list[Json]:
        """QuestionnaireResponse.identifier: one in R4, many in R5."""
        return identifier if self.ordinal_values else [identifier]

    def device_name(self, name: str) -> Json:
        """The element in which a Device has its name."""
        if self.ordinal_values:
            return {"deviceName": [{"name": name, "type": "user-friendly-name"}]}
        return {"name": [{"value": name, "type": "registered-name", "display": True}]}

    def questionnaire_labels(
        self, algorithm: Json, copyright_label: str
    ) -> tuple[Json, list[Json]]:
        """The version algorithm and the copyright label: elements in R5, extensions before."""
        if not self.ordinal_values:
            return {"versionAlgorithmCoding": algorithm, "copyrightLabel": copyright_label}, []
        return {}, [
            {"url": f"{_SD}/artifact-copyrightLabel", "valueString": copyright_label},
            {"url": f"{_SD}/artifact-versionAlgorithm", "valueCoding": algorithm},
        ]

    # --- shared plans: what R5 moved, renamed or made a list of

    def goal_source(self, who: Json) -> Json:
        """The element of a Goal that holds who wanted it first."""
        return {"expressedBy" if self.ordinal_values else "source": who}

    def planned_activity(self, reference: Json) -> Json:
        """CarePlan.activity that refers to a request."""
        name = "reference" if self.ordinal_values else "plannedActivityReference"
        return {name: reference}

    def medication(self, text: str) -> Json:
        """The element of a MedicationRequest that holds which medicine is meant."""
        if self.ordinal_values:
            return {"medicationCodeableConcept": {"text": text}}
        return {"medication": {"concept": {"text": text}}}

    def medication_performer(self, who: Json) -> Json | list[Json]:
        """MedicationRequest.performer: one in R4, many in R5."""
        return who if self.ordinal_values else [who]

    def service(self, concept: Json) -> Json:
        """ServiceRequest.code: a concept in R4; in R5 it may be a reference as well."""
        return concept if self.ordinal_values else {"concept": concept}

    def communication(self, text: str, sender: Json | None) -> Json:
        """What is to be said by whom in a CommunicationRequest; in R5 it has an intent, too."""
        if self.ordinal_values:
            told: Json = {"payload": [{"contentString": text}]}
            return told | ({"sender": sender} if sender else {})
        told = {"intent": "plan", "payload": [{"contentCodeableConcept": {"text": text}}]}
        return told | ({"informationProvider": [sender]} if sender else {})

    def status_reason(self, type_: str, text: str, since: str) -> Json:
        """Why a request has the status that it has. In R5 a Task may refer to the reason, and a
        MedicationRequest says since when (a day)."""
        reason: Json = {"text": text}
        if self.ordinal_values:
            return {"statusReason": reason}
        if type_ == "Task":
            return {"statusReason": {"concept": reason}}
        changed = {"statusChanged": since} if type_ == "MedicationRequest" else {}
        return {"statusReason": reason, **changed}

    # --- appointments

    @property
    def is_required(self) -> str | bool:
        """Appointment.participant.required of somebody without whom there is no visit."""
        return "required" if self.ordinal_values else True

    def service_type(self, service: Json) -> Json:
        """What an Appointment is for, a concept; empty where nothing is told."""
        return {"serviceType": [self._appointed(service)]} if service else {}

    def appointment_reason(self, reason: Json) -> Json:
        """The element of an Appointment that holds why it is made; empty where nothing is told."""
        name = "reasonCode" if self.ordinal_values else "reason"
        return {name: [self._appointed(reason)]} if reason else {}

    def _appointed(self, concept: Json) -> Json:
        """In R5 a concept or a reference."""
        return concept if self.ordinal_values else {"concept": concept}

    def appointment_subject(self, patient: Json) -> Json:
        """In R5 an Appointment says whose it is, beside the patient as a participant."""
        return {} if self.ordinal_values else {"subject": patient}

    def cancellation(self, reason: Json, on: str) -> Json:
        """Why an Appointment was cancelled; in R5 when, too, where that is known. R4 spells it with
        one l."""
        if self.ordinal_values:
            return {"cancelationReason": reason}
        return {"cancellationReason": reason, **({"cancellationDate": on} if on else {})}

    def task_reason(self, reason: Json) -> Json:
        """Why somebody is asked to do a Task: a concept in R4, in R5 a list that may refer, too."""
        return {"reasonCode": reason} if self.ordinal_values else {"reason": [{"concept": reason}]}

    def task_period(self, period: Json) -> Json:
        """By when a Task is to be done. R5 has an element for it, and lets (tsk-1) no Task have a
        restriction that does not seek the fulfilment of an order."""
        if self.ordinal_values:
            return {"restriction": {"period": period}}
        return {"requestedPeriod": period}

    # --- measures

    def counted(self, basis: str, algorithm: Json) -> Json:
        """What R5 says of a Measure besides: what its populations are made of, and what its version
        is."""
        if self.ordinal_values:
            return {}
        return {"versionAlgorithmCoding": algorithm, "basis": basis}

    def linked(self, link: str, part: Json) -> Json:
        """A part of a Measure, which R5 knows by a link."""
        return part if self.ordinal_values else {"linkId": link, **part}

    def report_scoring(self, scoring: Json) -> Json:
        """How a MeasureReport is scored, which R5 says again."""
        return {} if self.ordinal_values else {"scoring": scoring}

    def measure_score(self, quantity: Json) -> Json:
        """The score of a group or a stratum, a Quantity in R4 and one of many types in R5."""
        return {"measureScore" if self.ordinal_values else "measureScoreQuantity": quantity}

    def stratifier_code(self, concept: Json) -> Json | list[Json]:
        """MeasureReport.group.stratifier.code: many in R4, one in R5."""
        return [concept] if self.ordinal_values else concept

    def stratum_value(self, concept: Json) -> Json:
        """Which stratum it is, a concept in R4 and one of many types in R5."""
        return {"value" if self.ordinal_values else "valueCodeableConcept": concept}

    def team_role(self, role: Json) -> Json | list[Json]:
        """CareTeam.participant.role: many in R4, one in R5."""
        return [role] if self.ordinal_values else role


VERSIONS: dict[VersionKey, Version] = {
    "4.0": Version("4.0", "R4", "4.0.1", "R4B", "choice", ordinal_values=True, profiled=True),
    "4.3": Version("4.3", "R4B", "4.3.0", "R4B", "choice", ordinal_values=True),
    "5.0": Version("5.0", "R5", "5.0.0", "", "coding", ordinal_values=False),
}
"""fhir.resources has no package for R4; that of R4B takes its place."""


def version(text: str) -> Version:
    """`4.0`, `4.0.1` or `R4`, as people and servers write it. Raises ConfigError."""
    for known in VERSIONS.values():
        if text.upper() == known.label or f"{text}.".startswith(f"{known.key}."):
            return known
    raise ConfigError(f"FHIR versions are {', '.join(v.label for v in VERSIONS.values())}")
