"""headlines: ROUGE, and a run on a person's own file whose names no vocabulary holds."""

import pytest
import tensorflow as tf

import recipes
from recipes.metrics.summaries import rouge
from zoo.text import tokenizers as tokenizers

TINY = {
    "units": 12,
    "embedding_dim": 8,
    "attention_units": 8,
    "batch_size": 8,
    "warmup_steps": 0,
    "vocabulary_size": 12,
    "beam_width": 2,
    "num_results": 2,
    "max_length": 6,
}
NAMES = [f"{a}{b}" for a in ("ana", "boris", "carla", "dmitri", "eva") for b in "klmnopqr"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("headlines")
    path = folder / "own.tsv"
    rows = [(f"On Monday {name.title()} won the race.", f"{name.title()} wins") for name in NAMES]
    path.write_text("".join(f"{a}\t{b}\n" for a, b in rows), encoding="utf-8")
    return recipes.get("headlines").fit(folder / "run", data=path, steps=6, **TINY)


def test_rouge_of_worked_examples():
    scores = rouge(["the cat sat", "dogs"], ["the cat ran", "Dog"])
    # Two of three words both ways, one of two pairs; then the same word by its stem.
    assert scores["rouge1"] == pytest.approx(100 * (2 / 3 + 1) / 2)
    assert scores["rouge2"] == pytest.approx(100 * (1 / 2 + 0) / 2)
    assert scores["rougeL"] == pytest.approx(100 * (2 / 3 + 1) / 2)


def test_marked_words_join_to_what_they_were():
    cut = tokenizers.get("marked_words")
    texts = ["It's  late, (yes)!", "", "no"]
    joined = [text.decode() for text in cut.join(cut.split(tf.constant(texts))).numpy()]
    assert joined == ["It's late, (yes)!", "", "no"]
    assert cut.split_text("a b.") == ["▁a", "▁b", "."]


@pytest.mark.slow
def test_names_that_the_vocabulary_lacks_are_labels_by_their_place(run):
    columns, _ = run.recipe.columns(run.assets, [("On Monday Zed won the race.", "Zed wins")])
    size = len(run.assets.target)
    # The third word of the text; "wins" is in no text, but in the vocabulary.
    assert columns["extended"].to_list()[0][0] == size + 2
    assert columns["extended"].to_list()[0][1] == run.assets.target.ids(tf.constant("▁wins"))
    assert columns["copy_ids"].to_list()[0][2] == size + 2
    assert columns["target"].to_list()[0][0] == 1


@pytest.mark.slow
def test_what_warms_a_server_up_is_answered(run):
    for signature, given in run.recipe.warmup():
        assert run.answers(signature, **given)


@pytest.mark.slow
def test_answers_and_measures(run):
    answer = run.answers(text=["On Monday Zed won the race.", ""])
    assert answer["n_best"].shape == (2, 2)
    assert answer["text"][1] == b""
    assert b"<unknown>" not in b" ".join(answer["n_best"].ravel())
    for text in answer["n_best"].ravel():
        words = tokenizers.get("marked_words").split_text(text.decode())
        assert len(set(words)) == len(words)
    measured = run.evaluate("validation")
    assert {"rouge1", "rouge2", "rougeL", "copied_share", "unheard_share"} <= set(measured)
    assert 0 <= measured["copied_share"] <= 1
