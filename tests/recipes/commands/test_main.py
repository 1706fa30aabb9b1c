"""The command line: what it prints where, and how it ends."""

import io
import json
import sys

import pytest

from recipes.commands.main import main
from zoo.references.saved_models import find


@pytest.fixture
def zoo(capsys):
    def call(*arguments):
        code = main([str(a) for a in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def refused(result):
    code, out, err = result
    assert code == 2
    assert out == ""
    lines = err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("zoo: "), err
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fitt"], "did you mean 'fit'"),
        (["fit"], "RECIPE"),
        (["fit", "g2q"], "did you mean 'g2p'"),
        (["fit", "g2p", "--set", "unit=3"], "did you mean 'units'"),
        (["fit", "g2p", "--set", "units=x"], "whole number"),
        (["fit", "g2p", "--set", "seed=1"], "unknown setting 'seed'"),
        (["fit", "g2p", "--set", "epochs=many"], "epochs"),
        (["fit", "g2p", "--set", "units"], "KEY=VALUE"),
        (["fit", "g2p", "--data", "none.tsv"], "none.tsv"),
        (["fit", "g2p", "--set", "dataset=cmudictt"], "did you mean 'cmudict'"),
        (["fit", "g2p", "--epochs", "1", "--steps", "2"], "exclude each other"),
        (["fit", "g2p", "--steps", "0"], "more than 0"),
        (["fit", "g2p", "--resume", "--run-dir", "none"], "no run here"),
        (["fit", "g2p", "--resume", "--set", "units=3"], "run's own settings"),
        (["fit", "g2p", "--nonsense"], "--nonsense"),
        (["evaluate", "none"], "no run folder is there, and unknown saved model 'none'"),
        (["predict", "none", "word"], "no run folder is there, and unknown saved model 'none'"),
        (["export", "none"], "no run folder is there"),
        (["plot", "none"], "no run folder is there, and unknown saved model 'none'"),
        (["serve", "none"], "unknown saved model 'none'"),
        (["serve", "--config-file", "none", "--model-base", "x"], "leave the folders out"),
        (["serve", "--config-file", "none.config"], "none.config"),
        (["serve", "--model-base", "none"], "none"),
        (["serve", "--model-base", ".", "--token-file", "none.txt"], "none.txt"),
        (["list", "cells"], "recipes"),
        (["data", "fetch", "cmudictt"], "did you mean 'cmudict'"),
        (["data", "verify", "cmudictt"], "did you mean 'cmudict'"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(zoo, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert said in refused(zoo(*arguments))


def test_help_and_version_need_nothing(zoo):
    assert zoo("--help")[0] == 0
    assert "fit" in zoo("--help")[1]
    assert zoo("--version")[0] == 0


@pytest.mark.parametrize("kind", ["recipes", "models", "datasets", "saved"])
def test_lists_are_json_and_tables(zoo, kind):
    code, out, _ = zoo("list", kind, "--json")
    rows = json.loads(out)
    assert code == 0 and isinstance(rows, list)
    assert zoo("list", kind)[0] == 0
    assert json.loads(zoo("list", kind, "no-such-*", "--json")[1]) == []


def test_a_listed_recipe_says_what_it_needs(zoo):
    (row,) = json.loads(zoo("list", "recipes", "g2p", "--json")[1])
    assert row["topology"] == "attention_n_to_m"
    assert row["settings"]["units"] == 256
    assert "22.2 %" in row["theirs"]


def test_fit_evaluate_predict_export_plot(zoo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = {"good": "yes", "bad": "no"}
    lines = [f"a {word} film of {number}\t{said[word]}" for number in range(20) for word in said]
    (tmp_path / "own.tsv").write_text("\n".join(lines), encoding="utf-8")
    tiny = ("--set=units=4", "--set=embedding_dim=4", "--set=batch_size=8")
    fit = ("fit", "question_type", "--data", "own.tsv")
    code, out, err = zoo(*fit, "--steps", 4, *tiny, "--json")
    assert code == 0, err
    assert json.loads(out)["run_dir"] == "runs/question_type"
    assert "padding" in err and "step 4/4" in err

    code, out, _ = zoo("evaluate", "runs/question_type", "--json")
    assert code == 0 and 0 <= json.loads(out)["metrics"]["accuracy"] <= 1

    code, out, _ = zoo("export", "runs/question_type", "--json")
    assert code == 0 and json.loads(out)["path"] == "saved_models/question_type/1"

    folders = ("saved_models/question_type/1", "saved_models/question_type", "question_type")
    assert len({find(folder).resolve() for folder in folders}) == 1
    for target in ("runs/question_type", "question_type"):
        code, out, _ = zoo("predict", target, "a good film", "", "--json")
        first, empty = json.loads(out)
        assert code == 0 and first["input"] == "a good film" and not any(empty["tokens"])
        assert sorted(first["labels"]) == ["no", "yes"]

    code, out, _ = zoo("evaluate", "question_type", "--split", "validation", "--json")
    assert code == 0 and "accuracy" in json.loads(out)["metrics"]

    assert zoo("plot", "runs/question_type", "--to", "curves.png")[0] == 0
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"
    assert "give an INPUT" in refused(zoo("plot", "saved_models/question_type"))
    assert "unknown picture format" in refused(zoo("plot", "runs/question_type", "--to", "x.none"))

    assert "--resume" in refused(zoo(*fit))
    code, _, err = zoo("fit", "question_type", "--resume", "--steps", 6, "--json")
    assert code == 0 and "step 6/6" in err
    # What was measured on the shorter run's model is not the longer one's.
    kept = json.loads((tmp_path / "runs/question_type/metrics.json").read_text())
    assert set(kept) == {"training", "validation", "baselines"}


def test_predict_reads_standard_input_and_answers_a_line_each(zoo, g2p_run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("abx\r\n\nébx\n".encode())))
    code, out, _ = zoo("predict", g2p_run.folder.path)
    lines = out.split("\n")
    assert code == 0 and len(lines) == 4 and lines[3] == ""
    assert [line.split("\t")[0] for line in lines[:3]] == ["abx", "", "ébx"]
    assert "33% of its letters are unknown" in lines[2]


def test_bytes_that_are_not_utf8_are_named_by_line(zoo, g2p_run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"abx\n\xff\n")))
    assert "line 2: byte 1 is not UTF-8" in refused(zoo("predict", g2p_run.folder.path))


def test_predict_takes_the_search_settings(zoo, g2p_run):
    path = g2p_run.folder.path
    code, out, _ = zoo("predict", path, "abx", "--set", "max_length=1", "--json")
    assert code == 0 and len(json.loads(out)[0]["text"].split()) <= 1
    assert "did you mean" in refused(zoo("predict", path, "abx", "--set", "max_lenght=1"))
    assert "unknown signature" in refused(zoo("predict", path, "abx", "--signature", "gredy"))


def test_data_verify_says_what_is_there(zoo, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    (tmp_path / "sunspots").mkdir()
    (tmp_path / "sunspots" / "monthly-sunspots.csv").write_text("damaged")
    code, out, err = zoo("data", "verify", "sunspots")
    assert code == 2 and "damaged" in out and "zoo data fetch" in err
    assert "data" in zoo("data", "--help")[1]
