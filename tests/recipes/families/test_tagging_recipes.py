"""pos_tagging, ner and intent_slots from a person's own file to answers."""

import numpy as np
import pytest

import recipes
from recipes.families.tagging import Tagged, commonest_tags, stretches
from recipes.settings import replace
from zoo.errors import InputError

TINY = {
    "units": 8,
    "embedding_dim": 6,
    "character_units": 4,
    "character_dim": 3,
    "num_layers": 1,
    "batch_size": 8,
    "min_count": 1,
    "ema_momentum": 0.5,
    "warmup_steps": 0,
}
SENTENCES = {
    "pos_tagging": "the/DET {0}/NOUN sees/VERB {1}/PROPN ./PUNCT",
    "ner": "the/O {0}/O sees/O {1}/B-person Hill/I-person in/O Rome/B-location ./O",
    "intent_slots": "play/O the/O {0}/B-thing by/O {1}/B-artist hill/I-artist",
}
NOUNS, NAMES = ("cat", "dog", "bird", "song"), ("Ada", "Bob", "Cleo", "Dan", "Eve")


def write(path, name):
    """Twenty sentences of a recipe, in the format of a person's own file."""
    lines = []
    for noun in NOUNS:
        for person in NAMES:
            text = SENTENCES[name].format(noun, person)
            pairs = [pair.split("/") for pair in text.split()]
            if name == "intent_slots":
                words, tags = (" ".join(part) for part in zip(*pairs, strict=True))
                intent = "PlayMusic" if noun == "song" else "Find"
                lines.append(f"{intent}\t{words.lower()}\t{tags}")
            else:
                lines += ["\t".join(pair) for pair in pairs] + [""]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[] if name == "intent_slots" else [pytest.mark.slow])
        for name in sorted(SENTENCES)
    ],
)
def run(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    data = write(folder / "own.tsv", request.param)
    return recipes.get(request.param).fit(folder / "run", data=data, steps=4, **TINY)


def tokens_of(answer, row):
    return [word.decode() for word in answer["tokens"][row, : answer["lengths"][row]]]


def test_splits_share_no_sentence_and_lose_none(run):
    parts = [run.examples(split) for split in ("train", "validation", "test")]
    assert sorted(map(len, parts)) == [2, 2, 16]
    assert len({one.words for part in parts for one in part}) == 20


def test_raw_text_is_cut_and_every_word_has_a_tag_and_scores(run):
    text = ["The cat sees Ada.", "", "play the zzz by Bob hill"]
    answer = run.answers(text=text)
    assert answer["lengths"][1] == 0
    assert [word.lower() for word in tokens_of(answer, 2)] == text[2].lower().split()
    cut = ["the", "cat", "sees", "ada"]
    assert [word.lower() for word in tokens_of(answer, 0)][:4] == cut
    real = np.arange(answer["tags"].shape[1]) < answer["lengths"][:, None]
    assert set(answer["tags"][real]) <= {tag.encode() for tag in run.assets.tags}
    assert set(answer["tags"][~real]) <= {b""} and not answer["scores"][~real].any()
    assert np.all(np.diff(answer["alternative_scores"][real], axis=-1) <= 0)
    if len(run.assets.tags) <= 5:
        np.testing.assert_allclose(answer["alternative_scores"][real].sum(-1), 1, atol=1e-5)


def test_words_that_are_cut_already_are_left_as_they_are(run):
    answer = run.answers("tokens", tokens=["don't  cut: this", ""])
    assert tokens_of(answer, 0) == ["don't", "cut:", "this"]
    empty = run.answers("tokens", tokens=["", ""])
    assert empty["tags"].shape == (2, 0) and empty["lengths"].tolist() == [0, 0]


def test_a_row_alone_is_the_row_in_a_batch(run):
    rows = ["the cat sees Ada Hill", "zzz", "a longer one than all the others , by far"]
    together, alone = (run.answers("tokens", tokens=part) for part in (rows, rows[1:2]))
    assert together["tags"][1, :1].tolist() == alone["tags"][0].tolist()
    np.testing.assert_allclose(together["scores"][1, :1], alone["scores"][0], atol=1e-5)


def test_the_module_says_what_the_model_says(run):
    examples = run.examples("test")
    columns, lengths = run.recipe.columns(run.assets, examples)
    inputs, targets = run.recipe.features(columns)
    outputs = run.model(inputs)
    said, _ = run.recipe.tagged(run.answers, examples)
    chosen = outputs["tags"] if run.recipe.crf else np.argmax(outputs["logits"], -1)
    wanted = [
        [run.assets.tags[tag] for tag in row[:count]]
        for row, count in zip(np.asarray(chosen), lengths, strict=True)
    ]
    assert said == wanted
    own = [[run.assets.tags.index(tag) for tag in one.tags] for one in examples]
    target = np.asarray(targets["chain" if run.recipe.crf else "logits"])
    assert [row[row >= 0].tolist() for row in target] == own


def test_measures_and_plain_methods(run):
    measured = run.evaluate("validation")
    assert 0 <= measured[run.recipe.metric] <= 1
    plain = run.folder.read_json("metrics.json")["baselines"]["validation"]
    assert all(run.recipe.metric in values for values in plain.values())


def test_lines_samples_and_the_card_speak_of_the_words(run):
    answer = run.answers(text=["the cat sees Ada", ""])
    lines = run.recipe.lines(["the cat sees Ada", ""], answer)
    assert len(lines) == 2
    shown = run.recipe.show(run.answers, run.examples("test"), 2)
    assert len(shown) == 2 and all(one.right == (one.says == one.truth) for one in shown)
    assert all(len(pair) == 2 for pair in run.recipe.samples(run.examples("test"), 2))


def test_drawn(run):
    figure = pytest.importorskip("matplotlib.figure").Figure()
    given = "the cat sees Ada"
    run.recipe.draw(figure, given, run.answers(text=[given]))
    axes = figure.axes[0]
    assert [tick.get_text().lower() for tick in axes.get_xticklabels()] == given.lower().split()
    with pytest.raises(InputError, match="no word"):
        run.recipe.draw(figure, "", run.answers(text=[""]))


def test_stretches_in_the_graph_are_those_of_the_words(run):
    if run.recipe.span_name is None:
        pytest.skip("its tags are of single words")
    called = run.recipe.span_name
    answer = run.answers("tokens", tokens=[" ".join(one.words) for one in run.examples("train")])
    for row, count in enumerate(answer["lengths"]):
        words, tags = (
            [text.decode() for text in answer[name][row, :count]] for name in ("tokens", "tags")
        )
        found = [
            (answer[f"{called}_name"][row, k].decode(), answer[f"{called}_text"][row, k].decode())
            for k in range(answer[f"{called}_count"][row])
        ]
        assert found == stretches(words, tags)


@pytest.mark.slow
def test_exported_answers_are_the_runs(run, tmp_path):
    import zoo
    from recipes.workbench.exporting import export

    export(run, tmp_path)
    model, text = zoo.load(tmp_path / run.recipe.name), ["Cleo sees Rome.", ""]
    loaded, own = model(text), run.answers(text=text)
    assert set(loaded) == set(own)
    for name, value in own.items():
        if value.dtype == object:
            assert loaded[name].tolist() == value.tolist(), name
        else:
            np.testing.assert_allclose(loaded[name], value, atol=1e-5, err_msg=name)
    card = (tmp_path / run.recipe.name / "README.md").read_text(encoding="utf-8")
    assert "## Examples" in card


BAD = {
    "one field": ("pos_tagging", b"a\tX\nb\n", "line 2: 1 field, expected 2: word<TAB>tag"),
    "empty tag": ("pos_tagging", b"a\tX\nb\t\n", "line 2: the tag is empty"),
    "space": ("ner", b"New York\tB-place\n", "line 1: the word 'New York' holds a space"),
    "not UTF-8": ("ner", b"a\tO\n\xff\tO\n", "line 2: the byte 0xff"),
    "no sentence": ("ner", b"\n\n", "no sentence in the file"),
    "IOB": ("ner", b"a\tO\nb\tI-place\n", "line 2: tag 'I-place' after 'O'.*'B-place'"),
    "IOB again": ("ner", b"a\tI-place\n", "line 1"),
    "no IOB": ("ner", b"a\tNOUN\n", "line 1: tag 'NOUN', expected O, B-NAME or I-NAME"),
    "too few": ("ner", b"a\tO\n", "1 sentences are too few"),
    "columns": ("pos_tagging", b"# sent_id = x\n1\ta\tb\n", "line 2: 3 columns, expected 10"),
    "two fields": ("intent_slots", b"A\tb\tO\nA\tb\n", "line 2: 2 fields, expected 3"),
    "no words": ("intent_slots", b"A\t\tO\n", "line 1: the field 'words' is empty"),
    "fewer": ("intent_slots", b"A\tb c\tO\n", "line 1: 1 slot tag.s. for 2 word"),
    "slot IOB": ("intent_slots", b"A\tb c\tB-x I-y\n", "line 1: tag 'I-y' after 'B-x'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_data_is_named_by_line_and_leaves_no_folder(tmp_path, case):
    name, content, message = BAD[case]
    path = tmp_path / "own.tsv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        recipes.get(name).fit(tmp_path / "run", data=path, steps=1, **TINY)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value) or case == "too few"
    assert not (tmp_path / "run").exists()


def test_a_treebank_of_ones_own_is_known_by_its_columns(tmp_path):
    path = tmp_path / "own.conllu"
    line = "{}\t{}\t_\t{}\t_\t_\t0\troot\t_\t_\n"
    sentence = "# text = ab c\n" + line.format(1, "ab", "X") + line.format(2, "c", "Y") + "\n"
    path.write_text(sentence * 3, encoding="utf-8")
    recipe = recipes.get("pos_tagging").recipe
    (one,) = recipe.read(recipe.settings, path, "test")
    assert one == Tagged(("ab", "c"), ("X", "Y"), text="ab c")


def test_commonest_tags_takes_those_of_rare_words_for_unknown_ones():
    train = [Tagged(("a", "A", "a", "b"), ("X", "X", "Y", "Z"))]
    assert commonest_tags(train, [Tagged(("A", "new"), ("", ""))]) == [["X", "Z"]]


def test_word_vectors_start_the_embedding_and_widen_the_vocabulary(tmp_path, capsys):
    data = write(tmp_path / "own.tsv", "ner")
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("cat 1 2 3\nzebra 4 5 6\n", encoding="utf-8")
    recipe = recipes.get("ner").recipe
    from recipes.settings import replace

    settings = replace(recipe.settings, {**TINY, "word_vectors": str(vectors)})
    assets = recipe.prepare(settings, recipe.read(settings, data, "train"))
    assert "zebra" in assets.words.tokens and "word vectors: 3 wide" in capsys.readouterr().err
    table = recipe.build(settings, assets).get_layer("embedding").get_weights()[0]
    for word, row in (("cat", [1, 2, 3]), ("zebra", [4, 5, 6])):
        np.testing.assert_array_equal(table[assets.words.tokens.index(word)], row)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SENTENCES))
def test_it_learns_what_there_is_to_learn(tmp_path, name):
    data = write(tmp_path / "own.tsv", name)
    longer = {**TINY, "learning_rate": 0.02, "ema_momentum": None, "dropout": 0.1}
    run = recipes.get(name).fit(tmp_path / "run", data=data, steps=120, **longer)
    assert run.evaluate("test")[run.recipe.metric] > 0.9


def write_characters(path):
    """Sentences of Chinese, a character a line, with the names of people in them."""
    names, more = ("李明", "王小红", "张伟", "陈芳"), ("男，中国国籍", "女，一九八〇年生", "住北京")
    lines = []
    for name in names:
        for rest in more:
            for mark in "：。":
                tags = ["B-NAME"] + ["I-NAME"] * (len(name) - 1) + ["O"] * (len(rest) + 1)
                signs = name + mark + rest
                lines += [f"{sign}\t{tag}" for sign, tag in zip(signs, tags, strict=True)] + [""]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def character_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("characters")
    data = write_characters(folder / "own.tsv")
    settings = {**TINY, "units": 16, "learning_rate": 0.02, "dropout": 0.0, "token_dropout": 0.0}
    return recipes.get("ner").fit(folder / "run", data=data, steps=60, **settings)


@pytest.mark.slow
def test_text_without_spaces_is_cut_as_its_training_words_are(character_run):
    assert character_run.assets.tokenizer == "characters"
    text = "李明：男，中国国籍"
    answer = character_run.answers(text=[text, "", " 李　明\n"])
    assert tokens_of(answer, 0) == list(text)
    assert tokens_of(answer, 2) == ["李", "明"]
    cut = character_run.answers("tokens", tokens=[" ".join(text), "", "李 明"])
    for name, value in cut.items():
        assert np.array_equal(answer[name], value), name
    assert answer["entity_text"][0, 0].decode() == "李明"
    assert answer["entity_count"][0] == 1


def test_the_setting_names_how_text_is_cut(tmp_path):
    recipe = recipes.get("ner").recipe
    english = [Tagged(("A", "cat", "."), ("O", "O", "O"))]
    chinese = [Tagged(tuple("李明在"), ("B-x", "I-x", "O"))]
    assert recipe.prepare(recipe.settings, english).tokenizer is None
    assert recipe.prepare(recipe.settings, chinese).tokenizer == "characters"
    words = replace(recipe.settings, {"tokenizer": "words"})
    assert recipe.prepare(words, chinese).tokenizer == "words"
    wrong = replace(recipe.settings, {"tokenizer": "letters"})
    with pytest.raises(InputError, match="characters"):
        recipe.prepare(wrong, chinese)
