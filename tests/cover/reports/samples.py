"""One of each: every step, and every event."""

from __future__ import annotations

from collections import Counter

from cohortprop.simulation import (
    Attempted,
    Changed,
    Described,
    Died,
    Duplicated,
    Edited,
    Event,
    Examined,
    Garbled,
    Hung,
    Knocked,
    LateArrived,
    OutageBegan,
    PhaseBegan,
    Probed,
    Renamed,
    Restarted,
    Resumed,
    Silenced,
    Skipped,
    Stepped,
    SyncEnded,
    SyncStarted,
)
from cohortprop.simulation.steps import (
    AbortSync,
    BackAndForth,
    Collide,
    Describe,
    Edit,
    ExpireSnapshot,
    Fates,
    FlipFailed,
    Garble,
    Join,
    Knock,
    Leave,
    LoseLastAck,
    Merge,
    Outage,
    PassTime,
    Probe,
    Rename,
    Replay,
    Restart,
    RestartInside,
    Resume,
    Settle,
    Step,
    Sync,
    SyncTogether,
    Trouble,
    Wait,
)
from cohortprop.wire import NoReply, Reply, compose, describe

DELIVERY = compose(
    "add_members",
    [describe("ann", {"email": "ann@example.com"}), describe("bob", {})],
    project_id="1",
    cohort_id="7",
    cohort_name="VIPs",
    cohort_description=None,
    session_id="s",
    page=2,
    total_pages=3,
)

STEPS: dict[Step, str] = {
    Join("7", ("ann",)): "ann joins cohort 7",
    Leave("7", ("ann", "bob", "cy")): "ann, bob and cy leave cohort 7",
    Edit("ann", "email", "a@b.c"): 'ann has a new email: "a@b.c"',
    Edit("ann", "email", None): "ann loses the property email",
    Rename("7", "Gold"): 'cohort 7 is renamed to "Gold"',
    Describe("7", "text"): 'cohort 7 has a new description: "text"',
    Describe("7", None): "cohort 7 loses its description",
    Merge("ann", "bob"): "ann and bob turn out to be one user: the first id is replaced by the second",
    Wait(1800): "30 min pass",
    Sync("7"): "the next sync of cohort 7 runs",
    Outage(7200): "an outage begins: for 2 hours no request gets through (503)",
    Outage(3600, None, 1): (
        "an outage begins: for 1 hour no request gets through (no answer); "
        "the first one still reaches the receiver, but the answer gets lost"
    ),
    Outage(3600, 429, 2): (
        "an outage begins: for 1 hour no request gets through (429); "
        "the first 2 still reach the receiver, but the answer gets lost"
    ),
    Fates(("lose", "refuse 503", "duplicate", "deliver", "refuse")): (
        "of the next 5 requests, number 1 arrives, but the answer gets lost; number 2 does not arrive (503); "
        "number 3 arrives twice; number 4 arrives; number 5 does not arrive"
    ),
    AbortSync("7", 1): "the next sync of cohort 7 is cut off after 1 request (503)",
    AbortSync("7", 2, None): "the next sync of cohort 7 is cut off after 2 requests (no answer)",
    LoseLastAck("7"): "the next sync of cohort 7 arrives, but its last answer gets lost on every try",
    ExpireSnapshot("7", ("dan",), ("ann",)): (
        "no sync of cohort 7 gets through until its snapshot has expired, while dan joins and ann leaves; then it syncs"
    ),
    ExpireSnapshot("7", synced=False): "no sync of cohort 7 gets through until its snapshot has expired",
    PassTime(1): "1 day passes in which no sync gets through",
    PassTime(31): "31 days pass in which no sync gets through",
    FlipFailed("7"): "everybody whom the last failed sync of cohort 7 named joins or leaves, the other way round",
    BackAndForth("7", ("ann",)): "ann leaves cohort 7 and comes back, with a sync after each",
    BackAndForth("7", ("ann", "bob"), synced=False): "ann and bob leave cohort 7 and come back, before the next sync",
    Replay(0): "the latest request arrives once more",
    Replay(3): "the request sent 3 before the latest arrives once more",
    Resume("7"): "a person resumes the sync of cohort 7",
    Restart(): "the receiver is restarted",
    RestartInside("7", 1): "the receiver is restarted after 1 request of cohort 7's next sync",
    Trouble(1): "the receiver's dependency (its database, say) fails during the next request",
    Trouble(2): "the receiver's dependency (its database, say) fails during the next 2 requests",
    Fates(("lose",)): "the next request arrives, but the answer gets lost",
    SyncTogether(5): "the next syncs of all cohorts run at the same time",
    Collide("7", 5): "the next sync of cohort 7 runs, and each of its requests arrives twice at the same moment",
    Knock("no colon"): "somebody sends a request with credentials that have no colon",
    Garble("cut short"): "a request comes that is cut off half-way",
    Settle(): "all faults end, paused syncs are resumed, and each cohort syncs once",
    Probe(): "the receiver is asked what it holds",
}

PAGE = "add_members(ann, bob) page 2 of 3"

EVENTS: list[tuple[Event, str]] = [
    (Stepped(0.0, 1, Sync("7")), "step 1: the next sync of cohort 7 runs"),
    (PhaseBegan(0.0, "way home", 2), "the way home begins, stage 2"),
    (Changed(0.0, "7", ("dan",), ("ann", "bob")), "dan joins and ann and bob leave cohort 7"),
    (Edited(0.0, "ann", "email", "a@b.c"), 'ann has a new email: "a@b.c"'),
    (Renamed(0.0, "7", "Gold"), 'cohort 7 is renamed to "Gold"'),
    (Described(0.0, "7", None), "cohort 7 loses its description"),
    (
        OutageBegan(0.0, 7200.0, NoReply(), 0),
        "an outage begins: for 2 hours no request gets through (no answer (connection refused))",
    ),
    (Silenced(0.0, 264600.0), "for 73.5 hours no sync gets through"),
    (SyncStarted(0.0, "7", "s", "full", 2), "a full sync of cohort 7 begins, 2 requests"),
    (SyncEnded(0.0, "7", "s", "diff", "paused", "no\nsuch"), "the diff of cohort 7 has paused: no\\nsuch"),
    (SyncEnded(0.0, "7", "s", "diff", "succeeded", ""), "the diff of cohort 7 has succeeded"),
    (Attempted(0.0, DELIVERY, 1, "deliver", Reply(200), Reply(200)), f"{PAGE} → 200"),
    (
        Attempted(0.0, DELIVERY, 1, "lose", Reply(200), NoReply("timed out")),
        f"{PAGE} → 200, but the answer gets lost",
    ),
    (
        Attempted(0.0, DELIVERY, 1, "refuse", None, Reply(503)),
        f"{PAGE} does not reach the receiver (503 from the network)",
    ),
    (
        Attempted(0.0, DELIVERY, 1, "refuse", None, NoReply()),
        f"{PAGE} does not reach the receiver (connection refused)",
    ),
    (
        Attempted(0.0, DELIVERY, 1, "deliver", Reply(500, crash="Traceback\nKeyError: 'x'"), Reply(500), troubled=True),
        f"{PAGE} → 500 (KeyError: 'x') while the receiver's dependency (its database, say) fails",
    ),
    (
        Duplicated(0.0, DELIVERY, Reply(200, b'{"action": "add_members", "status": "failure"}')),
        f'{PAGE} arrives again at once → 200 with "status": "failure"',
    ),
    (
        LateArrived(0.0, DELIVERY, NoReply("timed out")),
        f"an old request arrives again: {PAGE} → no answer (timed out)",
    ),
    (Skipped(0.0, 7200.0, 24, Reply(503)), "for 2 hours nothing gets through: 24 tries fail (503 from the network)"),
    (Skipped(0.0, 7200.0, 0, None), "for 2 hours the syncs have nothing to send"),
    (Restarted(0.0), "the receiver is restarted"),
    (Resumed(0.0, "7"), "a person resumes the sync of cohort 7"),
    (
        Probed(0.0, {"7": frozenset({"bob", "ann"})}, Counter({("7", "ann"): 2}), {"7": ("ann",)}, {"7": "equal"}),
        "the receiver holds, in cohort 7: ann and bob",
    ),
    (Probed(0.0, None, None, {}), "the receiver is asked what it holds"),
    (Examined(0.0, "", Reply(400)), "the request in question is sent again as it was → 400"),
    (Examined(0.0, "an odd id", Reply(200)), "the request in question is sent again with plain ids → 200"),
    (Examined(0.0, "something new", Reply(200)), "the request in question is sent again without something new → 200"),
    (Knocked(0.0, "none", DELIVERY, Reply(401)), f"somebody sends {PAGE} without credentials → 401"),
    (
        Garbled(0.0, "empty body", DELIVERY, b"", (), (), Reply(500, crash="Traceback\nKeyError: 'x'")),
        "a request comes that has an empty body → 500 (KeyError: 'x')",
    ),
    (Died(0.0, DELIVERY, "ended with exit code 1\nlast words"), "the server ended with exit code 1"),
    (Hung(0.0, DELIVERY, "stack"), f"{PAGE} is not answered within the time limit"),
    (
        Hung(0.0, DELIVERY, "stacks", crossing=1),
        f"{PAGE} and another request, handled at the same time, are not answered within the time limit",
    ),
    (
        Attempted(0.0, DELIVERY, 1, "deliver", Reply(200), Reply(200), crossing=1),
        f"{PAGE} → 200, while another request is being handled",
    ),
    (Duplicated(0.0, DELIVERY, Reply(200), crossing=2), f"{PAGE} arrives at the same moment, as a copy → 200"),
]
