"""Stories with questions, as in the bAbI tasks."""

from dataclasses import dataclass
from pathlib import Path

from recipes.datasets.reading import line_error, numbered_lines
from zoo.errors import InputError

WANTED = "NUMBER SENTENCE, or NUMBER QUESTION<TAB>ANSWER<TAB>NUMBERS OF SENTENCES"


@dataclass(frozen=True)
class Question:
    """A question about what was told before it.

    Args:
        story: The sentences told so far, without the questions between them.
        question: The question.
        answer: One word, or several separated by commas (lists and paths).
        supporting: Which sentences the answer rests on, as indices into `story`.
    """

    story: tuple[str, ...]
    question: str
    answer: str
    supporting: tuple[int, ...]


def read_questions(path: str | Path) -> list[Question]:
    """Reads a file of a bAbI task; a line numbered 1 starts a new story.

    Raises:
        InputError: A line's number is not the next one, a question has no answer, or it rests
            on a line that is not a sentence of its story; or as for `read_text`.
    """
    questions, story, place, last = [], [], {}, 0
    for number, line in numbered_lines(path):
        if not line.strip():
            continue
        count, _, text = line.partition(" ")
        if count == "1":
            story, place, last = [], {}, 0
        if count != str(last + 1) or not text.strip():
            raise line_error(path, number, f"{line!r}, expected {WANTED}, with number {last + 1}")
        last += 1
        if "\t" in text:
            questions.append(_question(path, number, text, story, place))
        else:
            place[last] = len(story)
            story.append(text.strip())
    if not questions:
        raise InputError(f"{path}: no question in the file")
    return questions


def _question(path, number: int, text: str, story: list[str], place: dict[int, int]) -> Question:
    fields = [field.strip() for field in text.split("\t")]
    if len(fields) != 3 or not all(fields):
        raise line_error(path, number, f"{text!r}, expected {WANTED}")
    try:
        supporting = tuple(place[int(count)] for count in fields[2].split())
    except (ValueError, KeyError):
        message = f"rests on {fields[2]!r}, expected numbers of sentences of the story before it"
        raise line_error(path, number, message) from None
    return Question(tuple(story), fields[0], fields[1], supporting)
