import pytest
import tensorflow as tf

from zoo.errors import InputError
from zoo.text import PAD_ID, START_ID, STOP_ID, UNKNOWN_ID, Vocabulary
from zoo.text import tokenizers as tokenizers


def test_ids_count_from_the_commonest_after_the_special_ones():
    vocabulary = Vocabulary.build(["banana", "band"])
    assert vocabulary.tokens[4:] == ("a", "n", "b", "d")
    assert (PAD_ID, UNKNOWN_ID, START_ID, STOP_ID) == (0, 1, 2, 3)


def test_the_order_does_not_depend_on_the_order_of_the_corpus():
    assert Vocabulary.build(["ab", "ba", "c"]).tokens == Vocabulary.build(["c", "ba", "ab"]).tokens


def test_rare_tokens_are_left_out():
    assert Vocabulary.build([["a", "a", "b"]], min_count=2).tokens[4:] == ("a",)
    assert Vocabulary.build([["a", "a", "b"]], max_size=1).tokens[4:] == ("a",)


def test_lookup_there_and_back():
    vocabulary = Vocabulary(["我", "a"])
    ids = vocabulary.ids(tf.constant(["我", "a", "zzz", ""]))
    assert ids.dtype == tf.int32
    assert ids.numpy().tolist() == [4, 5, UNKNOWN_ID, UNKNOWN_ID]
    assert [t.decode() for t in vocabulary.strings(ids).numpy()] == ["我", "a"] + ["<unknown>"] * 2


def test_saved_and_loaded(tmp_path):
    vocabulary = Vocabulary(["a", "\n", "\\", "\\n", " ", "\r", "é", "<x>"])
    vocabulary.save(tmp_path / "v.txt")
    assert Vocabulary.load(tmp_path / "v.txt").tokens == vocabulary.tokens


@pytest.mark.parametrize("tokens", [["a", "a"], [""], ["<pad>"]])
def test_tokens_that_cannot_be_told_apart_are_refused(tokens):
    with pytest.raises(InputError, match="vocabulary entry"):
        Vocabulary(tokens)


def test_another_file_is_not_a_vocabulary(tmp_path):
    (tmp_path / "v.txt").write_text("a\nb\n")
    with pytest.raises(InputError, match=r"v\.txt"):
        Vocabulary.load(tmp_path / "v.txt")


@pytest.mark.parametrize("text", ["", "naïve", "我爱中国", "  a  b ", "🦓 zoo"])
def test_characters_join_to_the_same_text(text):
    characters = tokenizers.get("characters")
    cut = characters.split(tf.constant([text]))
    assert [t.decode() for t in cut[0].numpy()] == list(text) == characters.split_text(text)
    assert characters.join(cut).numpy()[0].decode() == text


def test_words_join_by_one_space():
    words = tokenizers.get("words")
    cut = words.split(tf.constant(["  a  bc ", ""]))
    assert cut.to_list() == [[b"a", b"bc"], []]
    assert words.join(cut).numpy().tolist() == [b"a bc", b""]


def test_bytes_that_are_not_utf8_do_not_break_the_graph():
    cut = tokenizers.get("characters").split(tf.constant([b"a\xff"]))
    assert [t.decode() for t in cut[0].numpy()] == ["a", "�"]
