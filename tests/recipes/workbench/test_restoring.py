"""A saved model becomes a run again that says the same."""

import json
import shutil

import numpy as np
import pytest

from recipes.workbench.exporting import export
from recipes.workbench.restoring import as_read, restore, with_vocabularies
from zoo.errors import InputError
from zoo.serving.saved_model import SavedModel
from zoo.text import Normalizer, Vocabulary


@pytest.mark.slow
def test_a_saved_model_is_a_run_again(g2p_run, tmp_path):
    written = export(g2p_run, tmp_path / "models", name="mine")
    run = restore(str(written.parent), tmp_path / "run")
    words = ["abcx", "dz", ""]
    said, saved = run.answers(text=words), SavedModel(written)(words)
    assert said["n_best"].tolist() == saved["n_best"].tolist()
    np.testing.assert_allclose(said["score"], saved["score"], atol=1e-5)
    assert run.settings == g2p_run.settings and run.data == g2p_run.data.resolve()
    again = export(run, tmp_path / "models", name="mine")
    assert again.name == "2"
    facts = [json.loads(one.read_text()) for one in [written.parent / "metrics.json"]]
    assert facts[0]["seed"] == g2p_run.seed and facts[0]["version"] == 2
    # What the data is read as today may differ; what the weights know is in the graph.
    shutil.copyfile(written.parent / "README.md", tmp_path / "card.md")
    assert "op_libraries.txt" in (tmp_path / "card.md").read_text(encoding="utf-8")


def test_vocabularies_are_matched_by_what_they_hold(g2p_run):
    letters, sounds = Vocabulary(list("abcdxyzq")), Vocabulary(list("ABCDXYZ"))
    found = with_vocabularies(g2p_run.assets, [sounds, letters])
    assert (found.source, found.target) == (letters, sounds)
    with pytest.raises(InputError, match="no vocabulary like source"):
        with_vocabularies(g2p_run.assets, [Vocabulary(["one"])])


def test_entries_have_the_names_under_which_they_are_read():
    kept = Vocabulary(["？", "▁", "ﬁ", "，", "x", "?", "▁？", ".", "．"])
    read = as_read(kept, Normalizer("NFKC"))
    assert read.tokens[4:] == ("?", "▁", "ﬁ", ",", "x", "？", "▁?", ".", "．")
    assert as_read(kept, Normalizer("NFC")).tokens == kept.tokens
