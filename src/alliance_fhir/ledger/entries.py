"""The rows of the ledger: one version of one resource each."""

from __future__ import annotations

from typing import NamedTuple, Self

ACKNOWLEDGED = ("created", "updated", "unchanged")
RETRACTED = "retracted"
"""At the target, and entered in error there."""
_CONFIRMED = (*ACKNOWLEDGED, RETRACTED)
LIVE = (*_CONFIRMED, "sent")
"""At the target, or on its way there."""
PROOF = "-prov-"
"""What the keys of the Provenances of our writes have in them, and other Provenances do not."""


class Entry(NamedTuple):
    """A row of the ledger: one version of one resource, and what is known of it at the target."""

    key: str
    version: int
    type: str
    group_key: str
    source: str
    subject: str
    subject_at: str
    path: str
    row: int
    source_digest: str
    digest: str
    server_digest: str
    state: str
    server_id: str
    server_version: str
    run: str
    made_by: str
    """The run that made the resource at the target, or tries to; empty where none of ours did."""

    @property
    def acknowledged(self) -> bool:
        """Whether the target has confirmed this version."""
        return self.state in _CONFIRMED

    @property
    def proof(self) -> bool:
        """Whether it is the Provenance of a write of ours, and none that says who agreed."""
        return self.type == "Provenance" and PROOF in self.key

    def confirmed(self, state: str, id_: str, version: str, digest: str) -> Self:
        """The same, after the target has said where it is, in which version, and what it says."""
        return self._replace(
            state=state, server_id=id_, server_version=version, server_digest=digest
        )
