"""tang_poetry from a person's own poems to an acrostic, on verses that the test makes up."""

import numpy as np
import pytest

import recipes
from recipes.tang_poetry import Verses, is_well_formed
from zoo.errors import InputError

TINY = {
    "units": 8,
    "embedding_dim": 4,
    "batch_size": 4,
    "vocabulary_size": 12,
    "validation_poems": 4,
    "test_poems": 4,
    "drawn_poems": 6,
}
LETTERS = "山水春花月夜風雨天地人心日雲"


def poem(random, form, couplets=2):
    verse = lambda: "".join(random.choice(list(LETTERS), form))  # noqa: E731
    return "".join(f"{verse()}，{verse()}？" for _ in range(couplets))


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    random = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("poems") / "own.txt"
    lines = [poem(random, 5 + 2 * (k % 2), 1 + k % 9) for k in range(30)]
    path.write_text("\n".join([*lines, "", lines[0]]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory, own):
    folder = tmp_path_factory.mktemp("tang_poetry")
    return recipes.get("tang_poetry").fit(folder / "run", data=own, steps=4, **TINY)


def recipe():
    return recipes.get("tang_poetry").recipe


def test_poems_are_split_whole_and_taken_once(run):
    splits = [recipe().read(run.settings, run.data, s) for s in ("train", "validation", "test")]
    texts = [poem.text for part in splits for poem in part]
    assert len(texts) == len(set(texts)) == 30
    assert [len(part) for part in splits[1:]] == [4, 4]
    poems = [poem for part in splits for poem in part]
    # A mark is by its place; of nine couplets eight are read, and not the end.
    assert all(is_well_formed(poem.text, poem.verse_length) for poem in poems)
    assert [poem.text.count("。") for poem in poems if not poem.whole] == [8, 8, 8]


def test_a_poem_is_its_form_its_text_and_its_end(run):
    poems = [Verses("山水春花月，夜風雨天地。", 5), Verses("山水春花月夜風，" * 16, 7, whole=False)]
    columns, lengths = recipe().columns(run.assets, poems)
    tokens = [[run.assets.vocabulary.tokens[i] for i in row] for row in columns["tokens"].numpy()]
    assert tokens[0][0] == "<5>" and tokens[0][-1] == "<stop>" and tokens[0][6] == "，"
    assert tokens[1][0] == "<7>" and tokens[1][-1] == "，"
    # Twelve characters are known; the others are unknown.
    assert len(run.assets.vocabulary) == 4 + 2 + 2 + 12
    inputs, targets = recipe().features(columns)
    assert np.asarray(inputs["length"]).tolist() == lengths.tolist() == [13, 128]
    assert np.asarray(targets["logits"])[0, 12] == 3 and np.all(targets["logits"][0, 13:] == 0)


def test_writes_in_form(run):
    texts = ["", "山水", "月" * 9]
    answer = run.answers(text=texts, form=[5, 7, 5], verses=[4, 8, 2], seed=[1, 2, 3])
    said = [a + b for a, b in zip(texts, recipe().says(answer), strict=True)]
    assert is_well_formed(said[0], 5) and said[0].count("，") == 2
    assert is_well_formed(said[1], 7) and said[1].count("，") == 4
    # A first verse that is too long is closed; the rest is regular.
    assert said[2].startswith("月" * 9 + "，") and is_well_formed("山水春花月，" + said[2][10:], 5)
    assert recipe().lines(["山水"], {"text": answer["text"][1:2]})[0].count("\n") == 3


def test_an_acrostic_begins_the_verses_with_whatever_it_has(run):
    answer = run.answers(text=[""], acrostic=["春Q夏山水"], form=[7])
    verses = recipe().says(answer)[0].replace("。", "，").split("，")
    assert [verse[0] for verse in verses[:5]] == list("春Q夏山水")
    assert [len(verse) for verse in verses[:5]] == [7] * 5
    same = run.answers(text=["", "花"], acrostic=["春Q夏山水", ""], form=[7, 5])
    assert same["text"][0] == answer["text"][0]
    # After a beginning, the acrostic goes on with its later verses.
    later = run.answers(text=["花月夜風雨，"], acrostic=["春Q"])["text"][0].decode()
    assert later[0] == "Q"


@pytest.mark.slow
def test_measures_perplexity_by_character(run):
    poems = recipe().read(run.settings, run.data, "validation")
    measured = recipe().measure(run.settings, run.answers, poems)
    whole = [poem for poem in poems if poem.whole]
    nats, characters = 0.0, 0
    columns, lengths = recipe().columns(run.assets, whole)
    inputs, targets = recipe().features(columns)
    logits = np.asarray(run.model({k: np.asarray(v) for k, v in inputs.items()})["logits"])
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    for row, poem in enumerate(whole):
        places = np.arange(lengths[row])
        nats -= logs[row, places, np.asarray(targets["logits"])[row, places]].sum()
        characters += len(poem.text) - poem.text.count("，") - poem.text.count("。")
    np.testing.assert_allclose(measured["perplexity"], np.exp(nats / characters), rtol=1e-3)
    assert measured["well_formed_5_in_form"] == measured["well_formed_7_in_form"] == 1.0
    found = recipe().baselines(run.settings, recipe().read(run.settings, run.data, "train"), poems)
    # Characters drawn evenly: nothing can be far better than their number.
    assert 8 < found["unigram"]["perplexity"] < 40
    assert all(one.says for one in recipe().show(run.answers, poems, 3))


@pytest.mark.parametrize(
    ("text", "form", "right"),
    [
        ("山水春花月，夜風雨天地。", 5, True),
        ("山水春花月，夜風雨天地。" * 3, 5, True),
        ("山水春花月，夜風雨天地。", 7, False),
        ("山水春花月，夜風雨天。", 5, False),
        ("山水春花月，", 5, False),
        ("", 5, False),
    ],
)
def test_well_formed(text, form, right):
    assert is_well_formed(text, form) == right


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "0 poems of regular verse are too few"),
        ("山水春花月，夜風雨天地。\n", "1 poems of regular verse are too few"),
        ("山水春花月，夜風雨天地。\n山水，夜風雨天。\n", "line 2: 2 verses of 2 and 4 characters"),
        ("山水春花月，夜風雨天地。\nhello\n", "line 2: 1 verses of 5 characters"),
        (b"\xff\xfe\n", "line 1"),
    ],
)
def test_bad_data_is_named_by_line_and_leaves_no_folder(tmp_path, content, message):
    path = tmp_path / "own.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message):
        recipes.get("tang_poetry").fit(tmp_path / "run", data=path, steps=1, **TINY)
    assert not (tmp_path / "run").exists()
