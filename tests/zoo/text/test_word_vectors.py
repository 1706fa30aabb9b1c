"""Both text formats, what of a vocabulary they cover, and every fault named with its line."""

import gzip

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.text import Vocabulary
from zoo.text.word_vectors import Coverage, WordVectors

LINES = "the 1 2 3\nof -1 0.5 1e-2\n\x85 7 8 9\nnew york 4 4 4\nthe 0 0 0\n"
WORDS = {"the": [1, 2, 3], "of": [-1, 0.5, 0.01], "\x85": [7, 8, 9], "new york": [4, 4, 4]}


@pytest.mark.parametrize("header", ["", "5 3\n"], ids=["glove", "word2vec"])
@pytest.mark.parametrize("ending", ["txt", "gz"])
def test_both_formats_are_read_plain_and_packed(tmp_path, header, ending):
    path = tmp_path / f"vectors.{ending}"
    data = (header + LINES).encode()
    path.write_bytes(gzip.compress(data) if ending == "gz" else data)
    vectors = WordVectors.read(path)
    assert (len(vectors), vectors.dim, set(vectors)) == (4, 3, set(WORDS))
    for word, numbers in WORDS.items():
        np.testing.assert_allclose(vectors[word], numbers)


def test_spaces_and_carriage_returns_at_the_end_of_a_line_are_nothing(tmp_path):
    path = tmp_path / "windows.txt"
    path.write_bytes(b"2 2\r\na 1 2 \r\nb 3 4 \r\n")
    assert {word: [*WordVectors.read(path)[word]] for word in "ab"} == {"a": [1, 2], "b": [3, 4]}


def test_only_the_wanted_words_are_kept(tmp_path):
    path = tmp_path / "v.txt"
    path.write_text(LINES, encoding="utf-8", newline="\n")
    assert set(WordVectors.read(path, only=["Of", "york"])) == {"of"}
    none = WordVectors.read(path, only=["york"])
    assert (len(none), none.dim) == (0, 3)
    matrix, coverage = none.matrix(Vocabulary(["york"]).tokens)
    assert matrix.shape == (5, 3)
    assert coverage == Coverage(0, 1, ("york",))


def test_rows_stand_in_the_order_of_the_vocabulary():
    vectors = WordVectors({"the": [1.0, 2.0], "of": [3.0, 4.0], "<stop>": [90.0, 90.0]})
    tokens = Vocabulary(["of", "The", "cat"]).tokens
    matrix, coverage = vectors.matrix(tokens)
    np.testing.assert_array_equal(matrix[4:6], [[3, 4], [1, 2]])
    assert not np.any(matrix[0])
    # The file's own word that looks like the special token is not it.
    assert np.all(np.abs(matrix[[1, 2, 3, 6]]) < 20)
    assert len(np.unique(matrix, axis=0)) == 7
    assert (coverage.found, coverage.total, coverage.missing) == (2, 3, ("cat",))
    np.testing.assert_array_equal(matrix, vectors.matrix(tokens)[0])


def test_rows_without_a_vector_are_drawn_like_the_found_ones():
    random = np.random.default_rng(0)
    known = {f"w{i}": random.normal(2.0, 0.5, 20) for i in range(50)}
    tokens = Vocabulary([*known, *(f"x{i}" for i in range(200))]).tokens
    matrix, _ = WordVectors(known).matrix(tokens)
    drawn = matrix[54:]
    assert abs(drawn.mean() - 2.0) < 0.05
    assert abs(drawn.std() - 0.5) < 0.05


def test_coverage_counts_running_text_and_names_the_commonest_missing():
    vectors = WordVectors({"a": [1.0]})
    tokens = Vocabulary(["a", "b", "c"]).tokens
    _, coverage = vectors.matrix(tokens, counts={"a": 6, "b": 1, "c": 3, "<unknown>": 99})
    assert coverage == Coverage(1, 3, ("c", "b"), 0.6)
    assert str(coverage) == "1 of 3 tokens (33.3%), 60.0% of the text; without: c, b"
    assert Coverage(0, 0, ()).share == 1.0
    assert str(Coverage(0, 7, tuple("abcdefg"))).endswith("without: a, b, c, d, e and 2 more")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a 1 2\nb 1\n", "v.txt:2: has 1 numbers after 'b'; expected a word and 2 numbers"),
        ("a 1 2\nb 1 x\n", "v.txt:2: could not convert"),
        ("a 1 2\nb 1 nan\n", "v.txt:2: a number is not finite"),
        ("3 2\na 1 2 3\nb 1\n", "v.txt:3: has 1 numbers"),
        ("a 1 2\n\nb 1 2\n", "v.txt:2: has 0 numbers"),
        ("word\n", "v.txt:1: has 0 numbers after 'word'; expected a word and at least 1"),
        ("", "holds no word vectors"),
        ("0 0\n", "holds no word vectors"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path, text, message):
    path = tmp_path / "v.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        WordVectors.read(path)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_read_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="not a readable word vector file"):
        WordVectors.read(tmp_path / "none.txt")
    binary = tmp_path / "binary.bin"
    binary.write_bytes(b"1 2\n\xff\xfe\x00")
    with pytest.raises(InputError, match="not a readable word vector file"):
        WordVectors.read(binary)
    packed = tmp_path / "half.gz"
    packed.write_bytes(gzip.compress(LINES.encode())[:-12])
    with pytest.raises(InputError, match="not a readable word vector file"):
        WordVectors.read(packed)
    with pytest.raises(InputError, match="expected one width"):
        WordVectors({"a": [1.0], "b": [1.0, 2.0]})
