"""Comparing variants of a recipe: what they are, what is written, going on when killed."""

import csv
import dataclasses

import keras
import numpy as np
import pytest

import recipes
from recipes.settings import replace
from recipes.workbench import compare
from recipes.workbench.comparing import fitting
from recipes.workbench.comparing.tables import as_csv, as_markdown, draw_comparison
from recipes.workbench.comparing.variants import BY, QUICK, variants
from zoo.errors import InputError

TABLE = [
    {
        "variant": "a",
        "failed": "",
        "bleu": 20.5,
        "val_nats": 2.0,
        "weights": 1200,
        "steps": 3,
        "step_ms": 4.5,
        "minutes": 0.25,
        "bleu_greedy": 19.0,
    },
    {"variant": "b", "settings": "", "failed": "diverged | badly"},
    {"variant": "c", "failed": "", "bleu": 30.5, "val_nats": 1.0, "bleu_greedy": 29.0},
]


def recipe(name):
    return recipes.get(name).recipe


def test_every_variant_is_settings_that_the_recipe_has():
    for name, quick in QUICK.items():
        shared = replace(recipe(name).settings, quick)
        for by in BY:
            if not hasattr(shared, by):
                continue
            found = variants(recipe(name), by)
            assert len({one.folder for one in found}) == len({one.name for one in found})
            made = [dataclasses.asdict(replace(shared, one.changes)) for one in found]
            assert all(one != other for i, one in enumerate(made) for other in made[:i])


def test_the_variants_are_those_that_the_tables_promise():
    for name in ("g2p", "translation", "headlines"):
        kinds = {one.changes["attention"] for one in variants(recipe(name), "attention")}
        assert {"additive", "dot", "general", "concat", "hard", "none"} <= kinds
        assert {"local_monotonic", "local_predictive"} <= kinds
        ways = [one.name for one in variants(recipe(name), "forcing")]
        assert ways == ["teacher", "scheduled", "professor"]
    for one in variants(recipe("headlines"), "attention"):
        if one.changes["attention"] in ("hard", "none"):
            assert one.changes["copying"] is False
    assert len(variants(recipe("addition"), "context")) == 6


@pytest.mark.parametrize(
    ("name", "by", "message"),
    [
        ("addition", "attention", "no setting 'attention' to compare; .* by forcing or context"),
        ("sunspots", "forcing", "compared by none of attention, forcing, context"),
        ("g2p", "colour", "by is 'colour'; expected one of attention, forcing, context"),
    ],
)
def test_what_cannot_be_compared_is_refused(name, by, message):
    with pytest.raises(InputError, match=message):
        variants(recipe(name), by)


def test_the_table_is_ordered_by_the_metric_with_failures_last():
    lines = as_markdown(TABLE, "bleu", lower_is_better=False).splitlines()
    assert lines[0].startswith("| variant | bleu | bleu greedy | val nats | weights | step ms |")
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| c", "| a", "| b"]
    assert lines[3] == "| a | 20.5 | 19.0 | 2.0000 | 1,200 | 4.5000 | 0.2500 |"
    assert r"failed: diverged \| badly" in lines[4]
    assert len({line.replace(r"\|", "").count("|") for line in lines}) == 1
    other = as_markdown(TABLE, "bleu", lower_is_better=True).splitlines()
    assert [line.split(" | ")[0] for line in other[2:]] == ["| a", "| c", "| b"]


def test_csv_has_every_column_of_any_row():
    rows = list(csv.DictReader(as_csv(TABLE).splitlines()))
    assert [row["variant"] for row in rows] == ["a", "b", "c"]
    assert rows[0]["bleu"] == "20.5" and rows[1]["bleu"] == "" and rows[2]["weights"] == ""


def test_the_picture_has_a_line_and_a_bar_a_variant():
    figure = pytest.importorskip("matplotlib.figure").Figure()
    rows = [row for row in TABLE if not row["failed"]]
    histories = {row["variant"]: [{"step": 1, "val_nats": 3.0}] for row in rows}
    draw_comparison(figure, rows, histories, "bleu")
    left, right = figure.axes
    assert [line.get_label() for line in left.lines] == ["a", "c"]
    assert [bar.get_width() for bar in right.patches] == [20.5, 30.5]
    colours = [bar.get_facecolor() for bar in right.patches]
    assert colours[0] != colours[1]


TINY = [
    "units=6",
    "embedding_dim=5",
    "attention_units=4",
    "encoder_layers=1",
    "batch_size=8",
    "beam_width=2",
    "num_results=1",
    "warmup_steps=0",
    "dropout=0.2",
    "round_steps=2",
    "epochs=1",
]


@pytest.mark.slow
def test_kinds_of_attention_are_fitted_once_and_kept(tmp_path, write_pairs):
    data = write_pairs(tmp_path / "own.tsv")
    arguments = ["g2p", "--data", str(data), "--run-dir", str(tmp_path / "all"), "--set", *TINY]
    arguments += ["--only", "additive", "dot, forward encoder", "none"]
    rows = compare.main(arguments)
    assert [row["failed"] for row in rows] == [""] * len(rows)
    assert len(rows) == 3
    assert len({row["steps"] for row in rows}) == 1
    files = sorted(path.name for path in (tmp_path / "all").iterdir() if path.is_file())
    # What has learned nothing may answer nothing, and then there is no alignment.
    assert set(files) - {"alignments.png"} == {
        f"comparison.{kind}" for kind in ("csv", "md", "png")
    }
    drawn = {path.parent.name for path in (tmp_path / "all").glob("*/alignment.png")}
    assert "none" not in drawn and bool(drawn) == ("alignments.png" in files)
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "all").glob("*/model.keras")}
    assert compare.main(arguments) == rows
    assert before == {p: p.stat().st_mtime_ns for p in (tmp_path / "all").glob("*/model.keras")}
    with pytest.raises(InputError, match="unknown variant 'addtive'"):
        compare.main([*arguments[:-3], "addtive"])
    changed = compare.main([*arguments, "--set", "units=7"])
    for row in changed:
        assert "holds a run with units=6, not 7; give another --run-dir" in row["failed"]


class Killed(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations == 3:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_a_killed_variant_goes_on_to_the_same_weights(tmp_path, write_pairs, monkeypatch):
    data = write_pairs(tmp_path / "own.tsv")
    arguments = ["g2p", "--data", str(data), "--by", "forcing", "--only", "scheduled"]
    arguments += ["--set", *TINY, "--run-dir"]
    (whole,) = compare.main([*arguments, str(tmp_path / "whole")])
    with monkeypatch.context() as patched:
        fit = recipes.Run.fit
        patched.setattr(
            recipes.Run,
            "fit",
            lambda run, callbacks=(), **more: fit(run, callbacks=(*callbacks, Killed()), **more),
        )
        with pytest.raises(KeyboardInterrupt):
            compare.main([*arguments, str(tmp_path / "cut")])
    assert not (tmp_path / "cut" / "scheduled" / "model.keras").exists()
    (cut,) = compare.main([*arguments, str(tmp_path / "cut")])
    assert cut["val_nats"] == whole["val_nats"] and cut["steps"] == whole["steps"]
    weights = [
        recipes.Run.open(tmp_path / name / "scheduled").model.get_weights()
        for name in ("whole", "cut")
    ]
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_budget_gives_every_variant_the_same_steps(tmp_path, write_pairs):
    data = write_pairs(tmp_path / "own.tsv")
    arguments = ["g2p", "--data", str(data), "--by", "forcing", "--only", "teacher", "--set"]
    arguments += [*TINY, "--run-dir", str(tmp_path / "run"), "--budget-minutes"]
    (row,) = compare.main([*arguments, "0.02"])
    planned = recipes.Run.open(tmp_path / "run" / "teacher").steps
    assert row["steps"] == planned >= 1
    assert compare.main([*arguments, "0.02"]) == [row]
    with pytest.raises(InputError, match=r"was planned for 0\.02 minutes, not 0\.03"):
        compare.main([*arguments, "0.03"])


def test_a_budget_must_be_some_time(tmp_path):
    with pytest.raises(InputError, match="expected a number above 0"):
        fitting.steps_within(recipe("g2p"), [], 0)


@pytest.mark.slow
def test_one_variant_that_fails_is_recorded_and_the_next_one_runs(tmp_path, write_pairs):
    data = write_pairs(tmp_path / "own.tsv")
    arguments = ["g2p", "--data", str(data), "--run-dir", str(tmp_path / "run")]
    rows = compare.main([*arguments, "--only", "additive", "none", "--set", *TINY, "bridge=zero"])
    assert [bool(row["failed"]) for row in rows] == [False, True]
    assert "bridge is 'zero'" in rows[1]["failed"]
    text = (tmp_path / "run" / "comparison.md").read_text(encoding="utf-8")
    assert "| none | failed: bridge is 'zero'" in text
    command, table = text.splitlines()[0], text.splitlines()[2:]
    assert command.startswith(
        "`python -m recipes.workbench.compare g2p --by attention --seed 0 --set "
    )
    assert " units=6" in command and " bridge=zero" in command and " commit " in command
    assert table[0].startswith("| variant | word error rate |")


@pytest.mark.slow
def test_contexts_of_addition_are_compared(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("".join(f"{i}-1\t{i - 1}\n" for i in range(40)), encoding="utf-8")
    tiny = [one for one in TINY if not one.startswith("attention")]
    rows = compare.main(
        ["addition", "--data", str(path), "--run-dir", str(tmp_path / "run"), "--set", *tiny]
    )
    assert [row["failed"] for row in rows] == [""] * 6
    assert len({row["val_nats"] for row in rows}) == 6
