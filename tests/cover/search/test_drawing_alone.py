"""What is drawn follows from the seed, whatever other modules have in them, and nothing is kept of it."""

from __future__ import annotations

import gc
import sys
import types
from pathlib import Path

import pytest
from hypothesis.strategies import SearchStrategy

from cohortprop.campaign import Block, BlockReport, CampaignPlan, run_block
from tests.cover.search.machines import zoo_kit

PLAN = CampaignPlan(canonical=False)


def drawn(seed: int, trials: int = 15) -> BlockReport:
    with zoo_kit("stages_full_syncs") as kit:
        return run_block(kit, Block(0, PLAN, seed=seed, trials=trials, steps=8, seconds=60))


def test_constants_of_a_users_module_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = drawn(3, 100)
    file = tmp_path / "shop_with_constants.py"
    file.write_text(f"NUMBERS = {list(range(101, 2400, 3))}\nNAMES = ['VIPs', 'gold']\n", "utf-8")
    module = types.ModuleType("shop_with_constants")
    module.__file__ = str(file)
    monkeypatch.setitem(sys.modules, "shop_with_constants", module)
    after = drawn(3, 100)
    assert (after.reach, after.deliveries, after.virtual_seconds) == (
        before.reach,
        before.deliveries,
        before.virtual_seconds,
    )


def test_what_trials_have_made_is_not_kept() -> None:
    drawn(1)
    gc.collect()
    few = strategies()
    for seed in (2, 3, 4):
        drawn(seed)
    gc.collect()
    assert strategies() <= few


def strategies() -> int:
    return sum(isinstance(each, SearchStrategy) for each in gc.get_objects())
