"""Alignments: each weight beside the piece that was read and the one that was said."""

from types import SimpleNamespace

import numpy as np
import pytest

import recipes
from recipes.drawings.alignment import alignment_of_answer, draw, draw_alignments
from recipes.families.text_to_text import PairAssets
from recipes.workbench.alignment import alignment_of
from zoo.errors import InputError
from zoo.text import STOP_ID, Vocabulary


class FakeRun:
    """A run whose model answers with given ids and weights, and notes what it was asked."""

    def __init__(self, assets, ids, weights, copying=False):
        self.assets = assets
        self.model = SimpleNamespace(get_layer=lambda name: SimpleNamespace(copying=copying))
        self.ids, self.weights = ids, weights

    def answers(self, signature, **inputs):
        self.asked = (signature, inputs)
        width = max(map(len, self.ids))
        ids = np.array([[*row, *[0] * (width - len(row))] for row in self.ids])
        return {
            "ids": ids[None],
            "lengths": np.array([[len(row) for row in self.ids]]),
            "alignment": self.weights[None],
        }


def assets(**more):
    words = Vocabulary(["▁a", "▁cat", "s", "▁"])
    target = Vocabulary(["▁eine", "▁Katze", "n"])
    return PairAssets(words, target, "subwords", "subwords", max_length=9, **more)


def test_labels_are_the_pieces_that_were_read_and_said():
    weights = np.random.default_rng(0).random((5, 3))
    run = FakeRun(assets(), [[4, 5, 6], [4, STOP_ID]], weights)
    found = alignment_of(run, "a cats", length_penalty=0.5)
    assert found.source == ["▁a", "▁cat", "s"]
    assert found.target == ["▁eine", "▁Katze", "n"]
    np.testing.assert_array_equal(found.weights, weights[:3])
    signature, given = run.asked
    assert signature == "token_ids" and given["length_penalty"] == 0.5
    assert given["source"].numpy().tolist() == [[4, 5, 6]]
    assert given["source_length"].numpy().tolist() == [3]


def test_a_copied_word_is_named_by_the_source():
    # Five words of the target and "ulm", which it lacks, at place 1 of the source.
    words = Vocabulary(["▁fire", "▁in"])
    known = PairAssets(words, words, "words", "words", max_length=9, lower_case=True)
    run = FakeRun(known, [[len(words) + 1, 4]], np.ones((2, 2)) / 2, copying=True)
    found = alignment_of(run, "IN Ulm")
    assert (found.source, found.target) == (["in", "ulm"], ["ulm", "▁fire"])
    # "in" without its mark is not in the vocabulary either: both are copies of themselves.
    assert run.asked[1]["copy_ids"].numpy().tolist() == [[len(words), len(words) + 1]]


@pytest.mark.parametrize(
    ("ids", "weights", "text", "message"),
    [
        ([[]], np.ones((1, 3)), "a cats", "'a cats': the answer is empty"),
        ([[STOP_ID]], np.ones((1, 3)), "a cats", "the answer is empty"),
        ([[4]], np.zeros((1, 3)), "a cats", "has no attention"),
        ([[4]], np.ones((1, 3)), "  ", "nothing is left to read"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(ids, weights, text, message):
    with pytest.raises(InputError, match=message):
        alignment_of(FakeRun(assets(), ids, weights), text)


def test_pieces_that_do_not_fit_are_numbered_not_named_wrongly():
    weights = np.array([[0.2, 0.8, 0], [0, 0.5, 0.5], [0, 0, 0]])
    named = alignment_of_answer(["x", "y", "z"], ["X", "Y"], weights, "xyz", "XY")
    assert (named.source, named.target) == (["x", "y", "z"], ["X", "Y"])
    unnamed = alignment_of_answer(["x", "yz"], ["X", "Y"], weights, "x yz", "X Y")
    assert (unnamed.source, unnamed.target) == (["1", "2", "3"], ["1", "2"])
    assert (unnamed.over, unnamed.beside) == ("x yz", "X Y")
    np.testing.assert_array_equal(unnamed.weights, weights[:2])
    with pytest.raises(InputError, match="the answer is empty"):
        alignment_of_answer(["x"], [], weights, "x", "")


def test_pictures_say_which_piece_is_which():
    figure = pytest.importorskip("matplotlib.figure").Figure()
    weights = np.random.default_rng(1).random((2, 3))
    one = alignment_of_answer(["the", "cat", "sat"], ["le", "chat"], weights, "g", "s")
    draw(figure, one)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["the", "cat", "sat"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["le", "chat"]
    np.testing.assert_array_equal(axes.images[0].get_array(), weights)
    several = type(figure)()
    draw_alignments(several, {"dot": one, "hard": one, "none": one, "concat": one})
    titles = [axes.get_title() for axes in several.axes if axes.images]
    assert titles == ["dot", "hard", "none", "concat"]


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("installed", [[], ["Some CJK"]])
def test_signs_that_no_font_has_are_numbered(monkeypatch, installed):
    figure = pytest.importorskip("matplotlib.figure").Figure()
    from matplotlib import font_manager

    fonts = [SimpleNamespace(name=name) for name in ["DejaVu Sans", *installed]]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", fonts)
    weights = np.eye(2)
    draw(figure, alignment_of_answer(["我", "爱"], ["I", "love"], weights, "我爱", "I love"))
    axes = figure.axes[0]
    labels = axes.get_xticklabels()
    assert [one.get_text() for one in labels] == (["我", "爱"] if installed else ["1", "2"])
    assert labels[0].get_fontfamily() == ["DejaVu Sans", *installed]
    assert [one.get_text() for one in axes.get_yticklabels()] == ["I", "love"]


def test_headlines_are_cut_into_words_and_signs_for_the_picture():
    cut = recipes.get("headlines").recipe.pieces("It's late, yes")
    assert cut == ["▁It", "'", "s", "▁late", ",", "▁yes"]


@pytest.mark.slow
def test_a_run_draws_what_its_signatures_say(tiny_g2p, write_pairs, tmp_path):
    from recipes.workbench.plots import plot

    data = write_pairs(tmp_path / "own.tsv")
    longer = {**tiny_g2p, "learning_rate": 0.02, "ema_momentum": None}
    run = recipes.get("g2p").fit(tmp_path / "run", data=data, steps=60, **longer)
    answer = run.answers(text=["abcd"])
    found = alignment_of(run, "abcd")
    assert found.source == list("abcd")
    assert " ".join(found.target) == answer["text"][0].decode() != ""
    np.testing.assert_allclose(
        found.weights, answer["alignment"][0][: len(found.target)], atol=1e-5
    )
    pytest.importorskip("matplotlib")
    path = plot(str(run.folder.path), "abcd", tmp_path / "run.png")
    assert path.read_bytes()[:4] == b"\x89PNG"


@pytest.mark.slow
def test_copied_words_of_a_run_have_their_names(tmp_path):
    data = tmp_path / "own.tsv"
    names = [f"{a}{b}" for a in ("ana", "boris", "carla", "dmitri", "eva") for b in "klmnopqr"]
    rows = [f"On Monday {name} won the race.\t{name} wins\n" for name in names]
    data.write_text("".join(rows), encoding="utf-8")
    tiny = {"units": 16, "embedding_dim": 8, "attention_units": 8, "batch_size": 8}
    tiny |= {"warmup_steps": 0, "vocabulary_size": 8, "beam_width": 2, "num_results": 2}
    tiny |= {"max_length": 5, "learning_rate": 0.02, "dropout": 0.0, "ema_momentum": None}
    run = recipes.get("headlines").fit(tmp_path / "run", data=data, steps=80, **tiny)
    text = "On Monday Zedk won the race."
    answer = run.answers(text=[text])
    found = alignment_of(run, text)
    assert found.source == ["▁on", "▁monday", "▁zedk", "▁won", "▁the", "▁race", "."]
    # The name is in no vocabulary: it can only have been copied.
    assert "▁zedk" not in run.assets.target.tokens and "▁zedk" in found.target
    assert "".join(found.target).replace("▁", " ").strip() == answer["text"][0].decode()
    row = found.weights[found.target.index("▁zedk")]
    assert row.argmax() == found.source.index("▁zedk")
