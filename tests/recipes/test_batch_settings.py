"""The settings batch_tokens and keep_checkpoints of every recipe."""

import dataclasses
import shutil

import numpy as np
import pytest

import recipes
from zoo.errors import InputError
from zoo.training import BatchPlan, TokenBatchPlan


def test_a_recipe_may_count_tokens_instead_of_rows():
    g2p = recipes.get("g2p").recipe
    lengths = np.tile([[3, 4], [9, 8]], [200, 1])
    assert type(g2p.plan(g2p.settings, lengths, 0)) is BatchPlan
    counted = dataclasses.replace(g2p.settings, batch_tokens=70)
    plan = g2p.plan(counted, lengths, 0)
    assert type(plan) is TokenBatchPlan
    assert {len(rows) for rows in plan.epoch(0)} == {10, 4}


@pytest.mark.slow
def test_a_run_by_tokens_that_keeps_more_checkpoints(tmp_path, write_pairs, tiny_g2p):
    g2p, data = recipes.get("g2p"), write_pairs(tmp_path / "own.tsv")
    settings = {**tiny_g2p, "batch_tokens": 90, "round_steps": 2}
    whole = g2p.fit(tmp_path / "whole", data=data, steps=8, keep_checkpoints=3, **settings)
    assert whole.folder.checkpoints.steps() == [4, 6, 8]
    assert whole.average(3) == [4, 6, 8]
    # As if killed after step 4: it ends where it did, batches being a function of the step.
    shutil.copytree(whole.folder.path, tmp_path / "half")
    for step in (6, 8):
        (tmp_path / "half" / "checkpoints" / f"step-{step:09d}.npz").unlink()
    half = g2p.fit(tmp_path / "half", resume=True)
    ends = [
        np.load(run.folder.path / "checkpoints" / "step-000000008.npz") for run in (whole, half)
    ]
    for name in ends[0].files:
        np.testing.assert_array_equal(ends[0][name], ends[1][name])


def test_no_checkpoints_at_all_are_refused(tmp_path, write_pairs, tiny_g2p):
    data = write_pairs(tmp_path / "own.tsv")
    with pytest.raises(InputError, match="setting keep_checkpoints=0: expected 1 or more"):
        recipes.get("g2p").fit(tmp_path / "run", data=data, keep_checkpoints=0, **tiny_g2p)
