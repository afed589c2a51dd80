"""Steps and scenarios as Hypothesis draws them here: all that can be written down, sensible or not."""

from __future__ import annotations

from hypothesis import strategies as st

from cohortprop.sender import QUESTIONS, Dialect
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.simulation.steps import (
    CREDENTIALS,
    GARBLINGS,
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
from tests.cover.simulation.sandbox import COHORT, OTHER

COHORTS = st.sampled_from([COHORT, OTHER])
NAMES = st.text(st.characters(codec="utf-8"), max_size=5)
USERS = st.sampled_from(["ann", "bob", "cy", "dan", "zoë", "007"])
SEVERAL = st.lists(USERS, max_size=3).map(tuple)
STATUSES = st.none() | st.sampled_from([302, 400, 404, 422, 429, 500, 503, 599])
SECONDS = st.sampled_from([0, 1, 2, 30, 60, 600, 1799, 1800, 1801, 3600, 9000, 90_000, 270_000])
FATES = st.sampled_from(["deliver", "lose", "duplicate", "refuse", "refuse 503", "refuse 302", "refuse 404"])
FEW = st.integers(0, 3)

STEPS_BY_KIND: dict[type[Step], st.SearchStrategy[Step]] = {
    Join: st.builds(Join, COHORTS, SEVERAL),
    Leave: st.builds(Leave, COHORTS, SEVERAL),
    Edit: st.builds(Edit, USERS, st.sampled_from(["email", "first_name", "Plan"]), st.none() | NAMES),
    Rename: st.builds(Rename, COHORTS, NAMES),
    Describe: st.builds(Describe, COHORTS, st.none() | NAMES),
    Merge: st.builds(Merge, USERS, USERS),
    Wait: st.builds(Wait, SECONDS),
    Sync: st.builds(Sync, COHORTS),
    Outage: st.builds(Outage, SECONDS, STATUSES, FEW),
    Fates: st.builds(Fates, st.lists(FATES, max_size=8).map(tuple)),
    AbortSync: st.builds(AbortSync, COHORTS, FEW, STATUSES),
    LoseLastAck: st.builds(LoseLastAck, COHORTS),
    ExpireSnapshot: st.builds(ExpireSnapshot, COHORTS, SEVERAL, SEVERAL, st.booleans()),
    PassTime: st.builds(PassTime, st.sampled_from([1, 4, 31, 366])),
    FlipFailed: st.builds(FlipFailed, COHORTS),
    BackAndForth: st.builds(BackAndForth, COHORTS, SEVERAL, st.booleans()),
    Replay: st.builds(Replay, FEW),
    Resume: st.builds(Resume, COHORTS),
    Restart: st.just(Restart()),
    RestartInside: st.builds(RestartInside, COHORTS, FEW),
    Trouble: st.builds(Trouble, st.integers(1, 3)),
    SyncTogether: st.builds(SyncTogether, FEW),
    Collide: st.builds(Collide, COHORTS, FEW),
    Knock: st.builds(Knock, st.sampled_from(CREDENTIALS)),
    Garble: st.builds(Garble, st.sampled_from(GARBLINGS)),
    Settle: st.just(Settle()),
    Probe: st.just(Probe()),
}
STEPS = st.one_of(*STEPS_BY_KIND.values())

DIALECTS = st.builds(
    Dialect.pin,
    st.fixed_dictionaries({}, optional={name: st.sampled_from(list(q.readings)) for name, q in QUESTIONS.items()}),
)


def _seed(cohort: str) -> st.SearchStrategy[CohortSeed]:
    return st.builds(
        CohortSeed,
        st.just(cohort),
        NAMES,
        SEVERAL,
        st.none() | NAMES,
        st.sampled_from(["1", "2895"]),
        st.sampled_from(["webhook", "second"]),
        st.booleans(),
    )


SCENARIOS = st.builds(
    Scenario,
    st.tuples(_seed(COHORT), _seed(OTHER)),
    st.lists(STEPS, max_size=12).map(tuple),
    DIALECTS,
    st.sampled_from([1, 2, 3, 1000]),
    st.sampled_from(["delivery", "step", "seldom"]),
    st.booleans(),
    st.lists(st.sampled_from(["Plan", "$city", "User ID"]), max_size=2, unique=True).map(tuple),
    st.sampled_from(["2026-01-05T09:00:00+00:00", "2024-02-28T23:59:59.5-11:00", "1971-01-01T00:00:00+14:00"]),
)
