"""Treebanks in the CoNLL-U format."""

import gzip

import pytest

from recipes.datasets.conllu import Sentence, read_sentences


def row(number, form, upos="X", head=0, relation="root"):
    return "\t".join(
        [str(number), form, form.lower(), upos, "T", "_", str(head), relation, "_", "_"]
    )


TREEBANK = "\n".join(
    [
        "# newdoc id = d",
        "# sent_id = d-1",
        "# text = Don't go = stay",
        row("1-2", "Don't", head="_"),
        row(1, "Do", "AUX", 3, "aux"),
        row(2, "n't", "PART", 3, "advmod"),
        row(3, "go", "VERB"),
        row("3.1", "went", "VERB", "_", "_"),
        "",
        "",
        row(1, "#", "SYM"),
        row(2, "1 000", "NUM", 1, "nummod"),
    ]
)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_reads_syntactic_words(write, pack, end):
    assert read_sentences(write(pack((TREEBANK + end).encode()))) == [
        Sentence(
            words=("Do", "n't", "go"),
            lemmas=("do", "n't", "go"),
            upos=("AUX", "PART", "VERB"),
            xpos=("T", "T", "T"),
            heads=(3, 3, 0),
            relations=("aux", "advmod", "root"),
            text="Don't go = stay",
            id="d-1",
        ),
        Sentence(
            ("#", "1 000"), ("#", "1 000"), ("SYM", "NUM"), ("T", "T"), (0, 1), ("root", "nummod")
        ),
    ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["1 a a X T _ 0 root _ _"], " line 1: 1 column, expected 10 separated by tabs"),
        ([row(1, "a"), row(2, "b") + "\t_"], " line 2: 11 columns, expected 10"),
        ([row(1, "a"), row(3, "b")], " line 2: word number '3', expected 2"),
        ([row(1, "a"), "", row(2, "b")], " line 3: word number '2', expected 1"),
        ([row(1, "a", head="_")], " line 1: head '_', expected the number of a word or 0"),
        (["# c", row(1, "a"), row(2, "b", head=3), ""], " line 2: head 3 in a sentence of 2 words"),
        (["# text = nothing", ""], ": no sentence in the file"),
    ],
)
def test_names_the_line_and_what_is_right(write, told, lines, message):
    told(read_sentences, write("\n".join(lines)), message)
