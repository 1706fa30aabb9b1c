"""Every recipe that reads text answers the same to every writing of it, and learns from the same.

The models have random weights, so that a token that is read otherwise shows in the numbers.
"""

import unicodedata

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

import recipes
from recipes.babi import Example
from recipes.char_rnn import Passage
from recipes.families.tagging import Tagged
from recipes.settings import replace
from recipes.tang_poetry import Verses

TEXTS = ["Où est ma clé ?", "García, señor Đặng à l'été.", "Ångström 3 kg", "日本 한국 がぎ", "ﾊﾟ"]
LABELLED = [(text, label) for text, label in zip(TEXTS, "aabba", strict=True)]
PAIRS = [(text, ["une clé", "Ö"]) for text in TEXTS]
TAGGED = [
    Tagged(tuple(text.split()), ("B-x",) * len(text.split()), "one" if place else "two")
    for place, text in enumerate(TEXTS)
]
SMALL = {"units": 4, "embedding_dim": 3}
# Recipe: (settings, training examples, signature, names of its texts, whether it reads by NFKC).
CASES = {
    "question_type": (SMALL, LABELLED, "serving_default", ["text"], True),
    "sentiment": (SMALL, LABELLED, "classify_text", ["text"], True),
    "nationality": (SMALL, LABELLED, "serving_default", ["text"], True),
    "translation": (
        {**SMALL, "attention_units": 4, "vocabulary_size": 40, "beam_width": 2, "num_results": 2},
        PAIRS, "serving_default", ["text"], True,
    ),
    "g2p": (
        {**SMALL, "attention_units": 4, "encoder_layers": 1, "beam_width": 2, "num_results": 2},
        PAIRS, "serving_default", ["text"], True,
    ),
    "headlines": (
        {**SMALL, "attention_units": 4, "beam_width": 2, "num_results": 2},
        [(text, text) for text in TEXTS], "serving_default", ["text"], True,
    ),
    "addition": (SMALL, [(text, "Ö") for text in TEXTS], "greedy", ["text"], True),
    "ner": ({**SMALL, "min_count": 1}, TAGGED, "serving_default", ["text"], False),
    "pos_tagging": ({**SMALL, "min_count": 1}, TAGGED, "tokens", ["tokens"], False),
    "intent_slots": ({**SMALL, "min_count": 1}, TAGGED, "serving_default", ["text"], False),
    "cloze": (
        SMALL, [tuple(text.split()) for text in TEXTS], "every_word", ["tokens"], False,
    ),
    "babi": (SMALL, [Example(t, t, "a", "1") for t in TEXTS], "serving_default",
             ["story", "question"], True),
    "skip_thought": (
        {**SMALL, "target_embedding_dim": 2, "ppmi_vectors": False},
        [(t, t, t) for t in TEXTS], "following", ["text", "candidate"], True,
    ),
    "names": (SMALL, LABELLED, "score", ["text"], False),
    "char_rnn": ({**SMALL, "num_layers": 1}, [Passage("\n".join(TEXTS))], "score", ["text"], False),
    "tang_poetry": (SMALL, [Verses("".join(TEXTS), 5)], "score", ["text"], False),
}  # fmt: skip
FAST = ("question_type", "translation", "ner")


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[] if name in FAST else [pytest.mark.slow]) for name in CASES],
)
def asked(request):
    """(function of texts to outputs by name, whether they are read by NFKC, or cut already)."""
    changes, examples, signature, names, wide = CASES[request.param]
    recipe = recipes.get(request.param).recipe
    settings = replace(recipe.settings, changes)
    keras.utils.set_random_seed(0)
    assets = recipe.prepare(settings, examples)
    module = recipe.module(settings, assets, recipe.build(settings, assets))
    if signature == "classify_text":
        function = module.signatures["classify"]
        names = ["inputs"]
    else:
        function = module.signatures[signature]
    more = {"label": tf.constant(["a"] * len(TEXTS))} if request.param == "names" else {}

    def ask(texts):
        given = [_example(text) for text in texts] if names == ["inputs"] else texts
        inputs = {name: tf.constant(given) for name in names}
        return {name: value.numpy() for name, value in function(**inputs, **more).items()}

    return ask, wide, names == ["tokens"]


def _example(text: str) -> bytes:
    example = tf.train.Example()
    example.features.feature["text"].bytes_list.value.append(text.encode())
    return example.SerializeToString()


def full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def same(one, other):
    for name, value in one.items():
        if value.dtype == object:
            assert other[name].tolist() == value.tolist(), name
        else:
            np.testing.assert_allclose(other[name], value, atol=1e-5, err_msg=name)


def test_an_answer_does_not_depend_on_the_writing(asked):
    ask, wide, _ = asked
    plain = ask(TEXTS)
    for form in ("NFC", "NFD"):
        same(plain, ask([unicodedata.normalize(form, text) for text in TEXTS]))
    same(plain, ask([text[:1] + "\u200b" + text[1:] + "\ufeff" for text in TEXTS]))
    if wide:
        same(plain, ask([full_width(text).replace(" ", "\u3000") for text in TEXTS]))
        same(plain, ask([unicodedata.normalize("NFKD", text) for text in TEXTS]))


def test_no_break_spaces_are_spaces(asked):
    ask, _, cut = asked
    if cut:
        pytest.skip("words that are cut already hold no space")
    same(ask(TEXTS), ask([text.replace(" ", "\u00a0") for text in TEXTS]))


@pytest.mark.slow
@given(st.data())
@hypothesis(max_examples=5, deadline=None)
def test_nor_on_any_writing_of_any_text(asked, data):
    ask, _, cut = asked
    if cut:
        pytest.skip("of words that are cut already, one without width is still one")
    texts = [
        data.draw(st.text(st.sampled_from("éaü ñ中ㄱ한?.3đŝ"), max_size=9)).strip() for _ in TEXTS
    ]
    hidden = []
    for text in texts:
        place = data.draw(st.integers(0, len(text)))
        written = text[:place] + data.draw(st.sampled_from("\u200b\u00ad\u2060")) + text[place:]
        hidden.append(unicodedata.normalize("NFD", written))
    same(ask(texts), ask(hidden))


def test_training_reads_what_the_graph_reads():
    recipe = recipes.get("translation").recipe
    settings = replace(recipe.settings, CASES["translation"][0])
    spelled = [(unicodedata.normalize("NFD", text), targets) for text, targets in PAIRS]
    spelled = [(full_width(text).replace(" ", "\u00a0"), targets) for text, targets in spelled]
    both = [recipe.prepare(settings, examples) for examples in (PAIRS, spelled)]
    assert both[0].source.tokens == both[1].source.tokens
    columns = [
        recipe.columns(assets, rows)[0] for assets, rows in zip(both, (PAIRS, spelled), strict=True)
    ]
    assert columns[0]["source"].to_list() == columns[1]["source"].to_list()
