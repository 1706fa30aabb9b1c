"""Pieces of words against longest matching written plainly, in texts that hypothesis makes up."""

import unicodedata

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.text import UNKNOWN_ID, Vocabulary
from zoo.text.front import TextFront
from zoo.text.normalizer import Normalizer
from zoo.text.piece_learning import learn_pieces
from zoo.text.tokenizers import marked_words
from zoo.text.word_pieces import WordPieces

TEXTS = [
    "the cat sat on the mat, the hat and the bat",
    "cats, hats: mats!  that flat cat",
    "don't   chat (at) the café",
    "我爱中国 我爱你",
    "Hello, world, don't",
    "می‌روم خانه",
    "👩‍🚀 flies",
]
PIECES = learn_pieces(TEXTS, 90, min_count=1)
quick = settings(max_examples=25, deadline=None)
texts = st.text(st.sampled_from("thecatsmfd我爱中国你' ,.!\n\t ▁é€zπ👩🚀\u200d"), max_size=30)


def plain_longest_match(text: str, pieces: set[str]) -> list[str]:
    characters = {"▁", *"".join(pieces)}
    out = []
    for word in text.replace("▁", "_").split():
        word, place = "▁" + word, 0
        while place < len(word):
            ends = range(len(word), place, -1)
            end = next((end for end in ends if word[place:end] in pieces), place + 1)
            piece = word[place:end]
            out.append(piece if end - place > 1 or piece in characters else "\ufffd")
            place = end
    return out


@given(rows=st.lists(texts, min_size=1, max_size=6))
@quick
def test_the_longest_pieces_are_cut_from_the_left(rows):
    cut = WordPieces(PIECES).split(tf.constant(rows)).to_list()
    expected = [plain_longest_match(row, set(PIECES)) for row in rows]
    assert [[piece.decode() for piece in row] for row in cut] == expected


@given(
    pieces=st.lists(st.text("ab▁c", min_size=1, max_size=4), max_size=12, unique=True),
    row=st.text("abcd ", max_size=20),
)
@quick
def test_any_list_of_pieces_is_matched_so(pieces, row):
    vocabulary = Vocabulary(pieces)
    cut = WordPieces(pieces)
    expected = plain_longest_match(row, set(pieces))
    assert cut.split_text(row) == expected
    known = {piece: place for place, piece in enumerate(vocabulary.tokens)}
    ids = cut.ids(tf.constant([row]), vocabulary).to_list()
    assert ids == [[known.get(piece, UNKNOWN_ID) for piece in expected]]


@given(rows=st.lists(texts, min_size=1, max_size=6))
@quick
def test_ids_are_those_of_the_pieces(rows):
    vocabulary = Vocabulary(PIECES[:60])
    cut = WordPieces(PIECES)
    wanted = vocabulary.ids(cut.split(tf.constant(rows)))
    assert cut.ids(tf.constant(rows), vocabulary).to_list() == wanted.to_list()


@given(rows=st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4))
@quick
def test_joining_gives_the_normalised_text_back(rows):
    front = TextFront(Normalizer("NFC"), WordPieces(PIECES))
    decomposed = [unicodedata.normalize("NFD", row).replace(" ", "\u00a0") for row in rows]
    joined = front.join(front.split(tf.constant(decomposed))).numpy()
    assert [text.decode() for text in joined] == [" ".join(row.split()) for row in rows]


def test_a_character_that_no_piece_has_is_one_unknown_piece():
    cut, vocabulary = WordPieces(["▁a", "bc"]), Vocabulary(["▁a", "bc"])
    text = "aπ€bcc b�"
    assert cut.split_text(text) == ["▁a", "�", "�", "bc", "c", "▁", "b", "�"]
    assert cut.ids(tf.constant([text]), vocabulary).to_list() == [[4, 1, 1, 5, 1, 1, 1, 1]]


def test_a_word_of_any_length_is_cut():
    assert WordPieces(["▁", "ab"]).split_text("ab" * 5000) == ["▁"] + ["ab"] * 5000


def test_pieces_that_name_the_tokenizers_own_marks_are_survived():
    cut = WordPieces(["▁a", "\ufdd0b", "[UNK]", "\ufdd1"])
    assert cut.split_text("a [UNK] \ufdd0b") == ["▁a", "▁", "[UNK]", "▁", "�", "�"]


@pytest.mark.parametrize("texts", [[], [""], [" ", ""]])
def test_texts_without_a_word_have_no_piece(texts):
    signature = [tf.TensorSpec([None], tf.string)]
    cut = tf.function(WordPieces(PIECES).split, input_signature=signature)
    assert cut(tf.constant(texts, tf.string)).to_list() == [[] for _ in texts]


def test_a_graph_that_is_loaded_cuts_the_same(tmp_path):
    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.vocabulary = Vocabulary(PIECES)
            self.cut = WordPieces(PIECES)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, text):
            return self.cut.ids(text, self.vocabulary).to_tensor()

    module = Module()
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))(tf.constant(TEXTS))
    assert loaded.numpy().tolist() == module(tf.constant(TEXTS)).numpy().tolist()


def test_words_keep_their_joiners_and_emoji_stay_whole():
    cut = marked_words.split_text("می‌روم 👩🏽‍🚀! ❤️‍🔥x 我爱,a")
    assert cut == ["▁می‌روم", "▁👩🏽‍🚀", "!", "▁❤️‍🔥", "x", "▁我", "爱", ",", "a"]


@given(row=texts)
@quick
def test_marked_words_join_to_their_text(row):
    joined = marked_words.join(marked_words.split(tf.constant([row]))).numpy()[0].decode()
    assert joined == " ".join(row.replace("▁", "_").split())
