"""The numbers and names of the protocol, each with the section of the document that it comes from.

"Seen" marks facts that the document does not state but that other versions of it, or payloads captured in the wild, do.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

__all__ = [
    "ACTIONS",
    "ADD_MEMBERS",
    "BATCH_SIZE",
    "INTEGRATION_ID",
    "MEMBERS",
    "PAUSING_STATUSES",
    "REMOVE_MEMBERS",
    "REPLY_TIMEOUT",
    "RETRIES",
    "RETRY_WINDOW",
    "SNAPSHOT_LIFETIME",
    "SYNC_INTERVAL",
    "TOO_MANY_REQUESTS",
    "Action",
]

Action: TypeAlias = Literal["members", "add_members", "remove_members"]

MEMBERS: Final = "members"
"""The whole cohort, replacing what the receiver holds. ("Webhook Format")"""
ADD_MEMBERS: Final = "add_members"
"""Who has entered since the last sync. ("Webhook Format")"""
REMOVE_MEMBERS: Final = "remove_members"
"""Who has left since the last sync. ("Webhook Format")"""
ACTIONS: Final[tuple[Action, ...]] = (MEMBERS, ADD_MEMBERS, REMOVE_MEMBERS)

SYNC_INTERVAL: Final = 30 * 60
"""Seconds between two syncs of a dynamic sync. ("Sync Behavior")"""
BATCH_SIZE: Final = 1000
"""Members in one call at most. ("Sync Behavior")"""
SNAPSHOT_LIFETIME: Final = 3 * 24 * 60 * 60
"""Seconds for which the snapshot of a successful sync stays valid. ("Full Sync", "Diffing")"""
RETRIES: Final = 5
"""Tries after the first one. ("Failed Syncs")"""
RETRY_WINDOW: Final = 60
"""Seconds over which the retries are spread. ("Failed Syncs")"""
PAUSING_STATUSES: Final = frozenset({400, 401, 403, 404})
"""Non-transient errors: they pause the sync until a person resumes it. ("Failed Syncs")"""
TOO_MANY_REQUESTS: Final = 429
"""The one 4xx that is transient. ("Failed Syncs")"""
REPLY_TIMEOUT: Final = 30
"""Seconds after which the sender stops waiting for an answer. (Not in the document; a common default.)"""
INTEGRATION_ID: Final = "0"
"""Value of the extra parameter `mixpanel_integration_id`. (Seen.)"""
