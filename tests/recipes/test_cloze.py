"""cloze from a person's own file to answers."""

import numpy as np
import pytest

import recipes
from recipes.metrics.answers import Answers
from zoo.errors import InputError

TINY = {
    "units": 8,
    "embedding_dim": 6,
    "num_sampled": 8,
    "batch_size": 8,
    "ema_momentum": 0.5,
    "warmup_steps": 0,
}
NOUNS = {"cat": "purrs", "dog": "barks", "bird": "sings", "cow": "moos"}


def write(path):
    """Sixty sentences whose second word is told by the fourth alone."""
    places = [f"room {letter}{letter}" for letter in "abcdefghijklmno"]
    lines = [
        f"The {noun} loudly {verb} in {place}." for noun, verb in NOUNS.items() for place in places
    ]
    path.write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cloze")
    data = write(folder / "own.txt")
    return recipes.get("cloze").fit(folder / "run", data=data, steps=4, **TINY)


def test_sentences_are_cut_and_held_out(run):
    parts = [run.examples(split) for split in ("train", "validation", "test")]
    assert sorted(map(len, parts)) == [6, 6, 48]
    assert parts[0][0][-1] == "." and parts[0][0][0] == "The"


def test_long_sentences_become_parts(tmp_path):
    path = tmp_path / "own.txt"
    path.write_text("a b c d e f gg.\n\nhh.\n\nii.", encoding="utf-8")
    recipe = recipes.get("cloze").recipe
    from recipes.settings import replace

    settings = replace(recipe.settings, {"max_words": 3})
    rows = [
        row for part in ("train", "validation", "test") for row in recipe.read(settings, path, part)
    ]
    assert sorted(rows) == [("a", "b", "c"), ("d", "e", "f"), ("gg", "."), ("hh", "."), ("ii", ".")]


def test_unknown_words_are_read_and_not_asked_for(run):
    inputs, targets = run.recipe.features(run.recipe.columns(run.assets, [("The", "zzz", ".")])[0])
    assert inputs["tokens"].numpy()[0, 1] == 1
    assert targets["nats"].numpy()[0, 1] == 0 and targets["nats"].numpy()[0, 0] > 3


def test_measures_count_ranks():
    ranks = {"a": [1, 3, 0], "b": [6]}

    def answer(tokens):
        rows = [ranks[text[0]] for text in tokens]
        width = max(map(len, rows))
        padded = np.array([row + [0] * (width - len(row)) for row in rows])
        return {
            "rank": padded,
            "score": np.full(padded.shape, 0.25),
            "lengths": np.array([len(row) for row in rows]),
        }

    recipe = recipes.get("cloze").recipe
    answers = Answers({"every_word": answer})
    measured = recipe.measure(recipe.settings, answers, [("a", "a", "a"), ("b",)])
    assert measured["accuracy_at_1"] == 0.25 and measured["accuracy_at_5"] == 0.5
    assert measured["known_share"] == 0.75
    assert measured["perplexity"] == pytest.approx(4)


def test_plain_methods_know_the_commonest():
    recipe = recipes.get("cloze").recipe
    train = [("a", "b"), ("a", "b"), ("a", "c"), ("b", "c")]
    found = recipe.baselines(recipe.settings, train, [("A", "b"), ("x", "c")])
    common = found["the commonest words"]
    # Of a, b and c, a and b stand there three times: a is the first, by its name.
    assert common == {"accuracy_at_1": 0.25, "accuracy_at_5": 0.75}
    after = found["the commonest after the word before"]
    assert after == {"accuracy_at_1": 0.5, "accuracy_at_5": 0.75}


def test_a_text_without_a_gap_is_refused(run):
    with pytest.raises(InputError, match="write one as ___"):
        run.recipe.inputs(["no gap here"])
    assert run.recipe.inputs(["a ___ here"]) == {"text": ["a ___ here"]}


def test_answers_lines_and_measures(run):
    given = ["The ___ loudly purrs in room ___.", "___"]
    answer = run.answers(**run.recipe.inputs(given))
    assert answer["gaps"].tolist() == [2, 1]
    lines = run.recipe.lines(given, answer)
    assert lines[0].count("\t") == 2 and lines[1].count("\t") == 1
    assert len(run.recipe.says(answer)) == 2
    measured = run.evaluate("validation")
    assert 0 <= measured["accuracy_at_1"] <= measured["accuracy_at_5"] <= 1
    shown = run.recipe.show(run.answers, run.examples("test"), 3)
    assert len(shown) == 3 and all("___" in one.given for one in shown)
    figure = pytest.importorskip("matplotlib.figure").Figure()
    run.recipe.draw(figure, given[0], run.answers(text=given[:1]))
    assert len(figure.axes) == 2


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "no sentence"), (b"a\n\xff", "line 2"), (b"A b.", "too few")]
)
def test_bad_data_is_one_line(tmp_path, content, message):
    path = tmp_path / "own.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        recipes.get("cloze").fit(tmp_path / "run", data=path, steps=1, **TINY)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_what_stands_behind_a_gap_is_needed(tmp_path):
    data, found = write(tmp_path / "own.txt"), {}
    for bidirectional in (True, False):
        settings = {**TINY, "dropout": 0.0, "learning_rate": 0.02, "ema_momentum": None}
        settings |= {"bidirectional": bidirectional, "round_steps": 100}
        run = recipes.get("cloze").fit(
            tmp_path / str(bidirectional), data=data, steps=200, **settings
        )
        asked = [f"The ___ loudly {verb} in room aa." for verb in NOUNS.values()]
        said = run.recipe.says(run.answers(text=asked))
        found[bidirectional] = [word == noun for word, noun in zip(said, NOUNS, strict=True)]
    assert all(found[True]) and sum(found[False]) <= 1


def test_a_gap_of_chinese_is_a_character(tmp_path):
    """The gaps may be written as in exercises: 我_ _想吃羊肉 has two."""
    verbs = {"猫": "喵喵叫", "狗": "汪汪叫", "鸟": "唱歌", "牛": "吃草"}
    rows = [
        f"{day}{noun}在{verb}。" for noun, verb in verbs.items() for day in "一二三四五六七八九"
    ]
    (tmp_path / "own.txt").write_text("\n".join(rows), encoding="utf-8")
    run = recipes.get("cloze").fit(
        tmp_path / "run",
        data=tmp_path / "own.txt",
        steps=4,
        **TINY,
        unit="characters",
        held_out_sentences=4,
    )
    assert run.assets.unit == "characters"
    asked = ["七__在唱歌。", "七_在唱歌。", "我_ _想吃羊肉", "二___在吃草。"]
    answer = run.answers(**run.recipe.inputs(asked))
    assert answer["gaps"].tolist() == [1, 1, 2, 1]
    for row, given in enumerate(["七{}在唱歌。", "七{}在唱歌。", "我{}{}想吃羊肉"]):
        best = [words[0].decode() for words in answer["words"][row, : answer["gaps"][row]]]
        assert all(len(word) == 1 for word in best)
        assert answer["text"][row].decode().replace(" ", "") == given.format(*best)
    # What stands behind a gap is read: another verb, other probabilities.
    assert np.abs(answer["scores"][0] - answer["scores"][3]).max() > 0
    assert answer["scores"][0].tolist() == answer["scores"][1].tolist()
    assert run.evaluate("test")["gaps"] == sum(map(len, run.examples("test")))
    with pytest.raises(InputError, match="no gap in it"):
        run.recipe.inputs(["我想吃羊肉"])


def test_the_unit_of_a_dataset_is_known():
    from recipes.settings import replace

    recipe = recipes.get("cloze").recipe
    chinese = replace(recipe.settings, {"dataset": "tatoeba-cmn-eng"})
    assert recipe.prepare(chinese, [("我", "吃")]).unit == "characters"
    assert recipe.prepare(recipe.settings, [("We", "eat")]).unit == "words"
    assert recipe.example_for(chinese) == "我_ _想吃羊肉。"
    for wrong in ({"dataset": "gutenberg"}, {"unit": "letters"}):
        with pytest.raises(InputError, match=r"(dataset|unit) of recipe cloze"):
            recipe.prepare(replace(recipe.settings, wrong), [("We",)])
            recipe.read(replace(recipe.settings, wrong), None, "train")
