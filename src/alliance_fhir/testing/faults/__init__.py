"""What can go wrong at a FHIR server, each as a fault to be armed.

    server.arm(faults.lost_reply())                     # at the next write
    server.arm(faults.throttled(retry_after=3).nth(2))  # at the second request from now
    server.arm(faults.conflict_storm(5))                # at the first five updates
    server.arm(faults.outage().always())                # until `disarm()`

A fault says itself when it happens if nothing else is said: those of a single request once, the
habits of a server always. Which requests it fits is changed by `where`; `everything`, `is_bundle`
and `is_search` are there for that. `rewritten` makes one of your own. Of several, the one that was
armed first is the first to see a request, and the last to see its answer.
"""

from __future__ import annotations

from alliance_fhir.testing.faults.arming import (
    Call,
    Fault,
)
from alliance_fhir.testing.faults.connections import (
    cut_before_body,
    cut_reply,
    cut_within_body,
    lost_reply,
    slow,
    wrong_length,
)
from alliance_fhir.testing.faults.replies import (
    answers,
    content_type,
    detail_error,
    empty_error,
    etags,
    everything,
    html_page,
    is_bundle,
    location_only,
    redirected,
    rewritten,
    shortened_decimals,
    text_error,
    throttled,
    throttled_entries,
    wrong_entry_count,
)
from alliance_fhir.testing.faults.searches import (
    bare_hits,
    foreign_next_link,
    is_search,
    outcome_among_hits,
    stale_search,
    unasked_hits,
    unfiltered_search,
)
from alliance_fhir.testing.faults.writes import (
    chokes_on,
    conflict_storm,
    drops_conditional_duplicates,
    forbidden_type,
    ignored_conditions,
    outage,
    pretended,
    racing_creates,
    read_only_type,
    refused_conditions,
    too_large,
    unauthorized,
)

__all__ = [
    "Call",
    "Fault",
    "answers",
    "bare_hits",
    "chokes_on",
    "conflict_storm",
    "content_type",
    "cut_before_body",
    "cut_reply",
    "cut_within_body",
    "detail_error",
    "drops_conditional_duplicates",
    "empty_error",
    "etags",
    "everything",
    "forbidden_type",
    "foreign_next_link",
    "html_page",
    "ignored_conditions",
    "is_bundle",
    "is_search",
    "location_only",
    "lost_reply",
    "outage",
    "outcome_among_hits",
    "pretended",
    "racing_creates",
    "read_only_type",
    "redirected",
    "refused_conditions",
    "rewritten",
    "shortened_decimals",
    "slow",
    "stale_search",
    "text_error",
    "throttled",
    "throttled_entries",
    "too_large",
    "unasked_hits",
    "unauthorized",
    "unfiltered_search",
    "wrong_entry_count",
    "wrong_length",
]
