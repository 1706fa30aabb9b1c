"""translation: how sentences are held apart, its measures, and a run on a person's own file."""

import pytest

import recipes
import zoo
from recipes.baselines.nearest_text import nearest_texts
from recipes.metrics.translation import bleu_of_lowered_tokens, translation_scores
from recipes.settings import replace
from recipes.translation import connected
from recipes.workbench.exporting import export
from zoo.errors import InputError

TINY = {
    "units": 8,
    "embedding_dim": 8,
    "attention_units": 8,
    "vocabulary_size": 60,
    "batch_size": 8,
    "warmup_steps": 0,
    "beam_width": 2,
    "num_results": 2,
    "validation_sentences": 4,
    "test_sentences": 4,
}


def test_sentences_that_share_a_translation_stay_together():
    pairs = [("a", "1"), ("b", "2"), ("c", "1"), ("c", "3"), ("d", "3"), ("a", "1"), ("e", "5")]
    groups = connected(pairs)
    assert groups == [
        [("a", ["1"]), ("c", ["1", "3"]), ("d", ["3"])],
        [("b", ["2"])],
        [("e", ["5"])],
    ]


def test_no_sentence_of_either_language_is_in_two_splits(tmp_path):
    path = tmp_path / "own.tsv"
    rows = [(f"wort {i} hier", f"word {i % 25} here") for i in range(40)]
    path.write_text("".join(f"{a}\t{b}\n" for a, b in rows), encoding="utf-8")
    recipe = recipes.get("translation").recipe
    settings = replace(recipe.settings, {"validation_sentences": 4, "test_sentences": 4})
    splits = [recipe.read(settings, path, name) for name in ("train", "validation", "test")]
    for side in (lambda one: [one[0]], lambda one: one[1]):
        seen = [{text for one in split for text in side(one)} for split in splits]
        assert len(set.union(*seen)) == sum(map(len, seen))
    assert sum(map(len, splits)) == 40
    other_way = replace(settings, {"reverse": True})
    assert recipe.read(other_way, path, "train")[0][0].startswith("word")


def test_some_training_texts_are_also_read_without_their_end_mark(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("".join(f"wort {i}。\tword {i}.\n" for i in range(40)), encoding="utf-8")
    recipe = recipes.get("translation").recipe
    sizes = {"validation_sentences": 4, "test_sentences": 4}
    plain = recipe.read(replace(recipe.settings, sizes), path, "train")
    settings = replace(recipe.settings, {**sizes, "unmarked": 0.25})
    more = recipe.read(settings, path, "train")
    assert more[: len(plain)] == plain and len(plain) == 32
    assert len(more) == 40
    for source, targets in more[32:]:
        assert (source + "。", targets) in plain
    assert len(recipe.read(settings, path, "test")) == 4


def test_scores_are_those_of_worked_examples():
    same = translation_scores(["The cat sat on the mat."], [["The cat sat on the mat."]])
    assert same["bleu"] == pytest.approx(100) and same["chrf"] == pytest.approx(100)
    # One of two references is met; the other example has only one.
    scores = translation_scores(
        ["a b c d e", "x y z w v"], [["q r s t u", "a b c d e"], ["x y z w v"]]
    )
    assert scores["bleu"] == pytest.approx(100)
    # Precisions 5/6, 3/5, 1/4, 0/3: without smoothing nothing is left of the product.
    assert bleu_of_lowered_tokens(["The cat is on a mat"], [["the cat sat on a mat"]]) == 0
    # Precisions 6/7, 5/6, 4/5, 3/4 and no brevity penalty.
    expected = 100 * (6 / 7 * 5 / 6 * 4 / 5 * 3 / 4) ** 0.25
    assert bleu_of_lowered_tokens(["A b c d e f!"], [["a b c d e f."]]) == pytest.approx(expected)


def test_the_nearest_text_shares_the_rarest_words():
    known = ["the cat sat", "the dog sat on the mat in the sun", "one zebra"]
    assert nearest_texts(known, ["THE zebra", "a dog", "nothing at all"]) == [2, 1, 0]


@pytest.mark.parametrize(
    ("content", "message"), [("good\tgut\nbad\n", "line 2"), ("one\teins\n", "too few")]
)
def test_bad_data_is_named(tmp_path, content, message):
    path = tmp_path / "own.tsv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        recipes.get("translation").fit(tmp_path / "run", data=path, steps=1, **TINY)


@pytest.mark.slow
def test_own_sentences_fit_measure_and_answer(tmp_path):
    path = tmp_path / "own.tsv"
    rows = [(f"die Zahl {i} ist da.", f"the number {i} is there.") for i in range(40)]
    path.write_text("".join(f"{a}\t{b}\n" for a, b in rows), encoding="utf-8")
    run = recipes.get("translation").fit(tmp_path / "run", data=path, steps=4, **TINY)
    measured = run.evaluate("validation")
    assert {"bleu", "chrf", "bleu_lowered_tokens", "bleu_greedy"} <= set(measured)
    answer = run.answers(text=["die Zahl 7 ist da.", "", "我爱中国"])
    assert answer["n_best"].shape == (3, 2)
    assert answer["text"][1] == b""
    assert answer["unknown_share"][2] > 0.5
    # The tables of pieces travel with the exported file.
    exported = zoo.load(export(run, tmp_path / "models"))
    again = exported(["die Zahl 7 ist da.", "", "我爱中国"])
    assert again["n_best"].tolist() == answer["n_best"].tolist()
