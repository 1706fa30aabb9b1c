"""Stories with questions between their sentences."""

import pytest

from recipes.datasets.babi import Question, read_questions

STORIES = """\
1 Mary moved to the bathroom.
2 John went to the hallway.
3 Where is Mary? \tbathroom\t1
4 Daniel took the apple.
5 What are they carrying?\tapple,milk\t4 2
1 The office is east of the hall.
2 Where is it?\ts,e\t1
"""


def test_numbers_of_lines_become_indices_of_sentences(write):
    first = ("Mary moved to the bathroom.", "John went to the hallway.")
    assert read_questions(write(STORIES)) == [
        Question(first, "Where is Mary?", "bathroom", (0,)),
        Question(
            (*first, "Daniel took the apple."), "What are they carrying?", "apple,milk", (2, 1)
        ),
        Question(("The office is east of the hall.",), "Where is it?", "s,e", (0,)),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 a.\n3 b.\n", " line 2: '3 b.', expected NUMBER SENTENCE, or"),
        ("2 a.\n", " line 1: '2 a.', expected"),
        ("a.\n", " line 1: 'a.', expected"),
        ("1 a.\n2 b?\tc\n", " line 2: 'b?\\tc', expected"),
        ("1 a.\n2 b?\t\t1\n", " line 2: 'b?\\t\\t1', expected"),
        ("1 a.\n2 b?\tc\t1\n3 d?\te\t2\n", " line 3: rests on '2', expected numbers of sentences"),
        ("1 a.\n2 b?\tc\tone\n", " line 2: rests on 'one', expected"),
        ("1 a.\n", ": no question in the file"),
    ],
)
def test_names_the_line(write, told, text, message):
    told(read_questions, write(text), message)
