"""Text to text with copying: exported, loaded in a bare process, strings of copied words back."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.serving import export_saved_model
from zoo.signatures.text_to_text import TextToText
from zoo.text import START_ID, Vocabulary
from zoo.text import tokenizers as tokenizers
from zoo.text.extended_vocabulary import ExtendedVocabulary
from zoo.topologies.encoder_decoder import start_decoding
from zoo.training.copying import extended_cross_entropy

WORDS = Vocabulary(["the", "cat", "sat", "on"])
TEXTS = ["the zebra sat on the quagga", "", "cat zebra quagga zebra", "okapi"]


def made(**settings):
    """One shared vocabulary, as for headlines; random weights, with the gate set to copying."""
    keras.utils.set_random_seed(1)
    model = zoo.build(
        "attention_n_to_m",
        source_vocabulary_size=len(WORDS),
        target_vocabulary_size=len(WORDS),
        units=6,
        embedding_dim=4,
        copying=True,
        **settings,
    )
    random = np.random.default_rng(1)
    for weight in model.trainable_variables:
        weight.assign(random.normal(size=weight.shape))
    model.get_layer("decoder").copy_output.gate.bias.assign([-2.0])
    words = tokenizers.get("words")
    module = TextToText(
        model, WORDS, WORDS, words, words, beam_width=3, num_results=3, max_length=5
    )
    return model, module


@pytest.fixture(scope="module")
def pair():
    return made()


@pytest.mark.slow
def test_answers_hold_unknown_words_of_their_own_source(pair):
    _, module = pair
    out = module.serving_default(tf.constant(TEXTS))
    assert out["text"][1] == b"" and out["n_best"].shape == (4, 3)
    copied = 0
    for text, answers in zip(TEXTS, out["n_best"].numpy(), strict=True):
        for word in b" ".join(answers).decode().split():
            assert word in WORDS.tokens[4:] or word in text.split()
            copied += word not in WORDS.tokens
    assert copied
    np.testing.assert_allclose(out["unknown_share"], [2 / 6, 0, 3 / 4, 1])


@pytest.mark.slow
def test_scores_are_those_of_the_said_words(pair):
    """Each answer, read back through the extended vocabulary and scored under teacher forcing."""
    model, module = pair
    out = module.greedy(tf.constant(TEXTS))
    said = b" ".join(out["text"].numpy()).decode().split()
    assert set(said) - set(WORDS.tokens) and set(said) <= {*WORDS.tokens, *" ".join(TEXTS).split()}
    extended, split = ExtendedVocabulary(WORDS), tokenizers.get("words").split
    assert out["text"][1] == b"" and out["score"][1] == 0
    for row in (0, 2):
        text, said, score = TEXTS[row], out["text"][row].numpy(), out["score"][row]
        source, target = split(tf.constant([text])), split(tf.constant([said]))
        labels = extended.ids(target, source).to_tensor()
        fed = tf.concat([[[START_ID]], labels], 1)
        logs = model(
            {
                "source": WORDS.ids(source).to_tensor(),
                "source_length": tf.cast(source.row_lengths(), tf.int32),
                "copy_ids": extended.copy_ids(source).to_tensor(),
                "target": fed,
            }
        )["logits"][0]
        total = sum(float(logs[i, label]) for i, label in enumerate(labels[0]))
        if labels.shape[1] < 5:
            total += float(logs[labels.shape[1], 3])
        assert total == pytest.approx(float(score), rel=1e-4)


_LOAD = """
import json, sys, numpy as np, tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
texts = json.loads(sys.argv[2])
out = model.signatures["serving_default"](
    text=tf.constant(texts), length_penalty=tf.constant([1.0]), max_length=tf.constant([5]))
greedy = model.signatures["greedy"](text=tf.constant(texts), max_length=tf.constant([5]))
ids = model.signatures["token_ids"](
    source=tf.constant([[4, 1, 6]]), source_length=tf.constant([3]),
    copy_ids=tf.constant([[4, 9, 6]]), length_penalty=tf.constant([1.0]),
    max_length=tf.constant([5]))
assert not [name for name in sys.modules if name.startswith("zoo")], "not bare"
print("ANSWER", json.dumps({
    "n_best": [[text.decode() for text in row] for row in out["n_best"].numpy()],
    "greedy": [text.decode() for text in greedy["text"].numpy()],
    "ids": ids["ids"].numpy().tolist(), "lengths": ids["lengths"].numpy().tolist()}))
"""


@pytest.mark.slow
def test_exported_and_loaded_in_a_bare_process(pair, tmp_path):
    _, module = pair
    request = {"text": np.array([b"the okapi", b""])}
    folder = export_saved_model(
        module,
        module.signatures,
        tmp_path / "copier",
        warmup=[("serving_default", request)],
        model_name="copier",
    )
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(folder), json.dumps(TEXTS)],
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout.split("ANSWER")[1])
    own = module.serving_default(tf.constant(TEXTS))["n_best"].numpy()
    assert answer["n_best"] == [[text.decode() for text in row] for row in own]
    own = module.greedy(tf.constant(TEXTS))["text"].numpy()
    assert answer["greedy"] == [text.decode() for text in own]
    assert {word for text in answer["greedy"] for word in text.split()} - set(WORDS.tokens)
    ids = [
        i for row, n in zip(answer["ids"][0], answer["lengths"][0], strict=True) for i in row[:n]
    ]
    assert all(4 <= i < 8 or i == 9 for i in ids)


@pytest.mark.slow
def test_a_headline_keeps_the_name_that_no_vocabulary_has():
    """Trained on: say whom the text names after "on". New names are copied, as strings."""
    model, module = made(attention="coverage")
    random = np.random.default_rng(5)
    extended, split = ExtendedVocabulary(WORDS), tokenizers.get("words").split

    def name():
        return "".join(random.choice(list("abcdefghij"), 5))

    def batch(count):
        texts, names = [], []
        for _ in range(count):
            words = [*random.choice(["the", "cat", "sat"], 3), name()]
            random.shuffle(words)
            place = random.integers(5)
            names.append(name())
            texts.append(" ".join([*words[:place], "on", names[-1], *words[place:]]))
        return texts, names

    trained = keras.Model(model.input, {"logits": model.output["logits"]})
    loss = extended_cross_entropy(len(WORDS))
    trained.compile(keras.optimizers.Adam(0.02), {"logits": loss}, jit_compile=False)
    for _ in range(250):
        texts, names = batch(64)
        source, target = split(tf.constant(texts)), split(tf.constant(names))
        label = extended.ids(target, source).to_tensor()
        given = {
            "source": WORDS.ids(source).to_tensor(),
            "source_length": tf.cast(source.row_lengths(), tf.int32),
            "copy_ids": extended.copy_ids(source).to_tensor(),
            "target": tf.pad(label, [[0, 0], [1, 0]], constant_values=START_ID),
        }
        trained.train_on_batch(
            given, {"logits": tf.pad(label, [[0, 0], [0, 1]], constant_values=3)}
        )
    texts, names = batch(200)
    said = module.serving_default(tf.constant(texts))["text"].numpy()
    right = [a.decode() == b for a, b in zip(said, names, strict=True)]
    assert np.mean(right) > 0.95, list(zip(said, names, strict=True))[:5]


def test_what_serves_starts_as_the_topologies_say(pair):
    model, _ = pair
    given = {
        "source": np.array([[4, 1, 6]], "int32"),
        "source_length": np.array([3], "int32"),
        "copy_ids": np.array([[4, 9, 6]], "int32"),
    }
    state, memory = start_decoding(model, given)
    assert memory.copies.ids.numpy().tolist() == [[4, 9, 6]]
    assert state.alignment.shape == (1, 3)
