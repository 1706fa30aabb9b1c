"""Reading comprehension: short stories, questions, one-word answers; one model for 20 tasks."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path

import numpy as np

import zoo
from recipes import datasets
from recipes.datasets.babi import read_questions
from recipes.datasets.splitting import held_out
from recipes.metrics.answers import answered
from recipes.recipe import Assets, Published, Recipe, Shown, TrainingSettings, register
from zoo.deferred import tf
from zoo.errors import InputError
from zoo.tuning import Parameter

# Weston et al. 2015, table 3, "LSTM", accuracy in percent, tasks 1 to 20.
FACEBOOK_LSTM = (50, 20, 20, 61, 70, 48, 49, 45, 64, 44, 72, 74, 94, 27, 21, 23, 51, 52, 8, 91)


# In place of an answer that training lacks: its loss does not count, and it is never said.
NONE = ""


@dataclasses.dataclass(frozen=True)
class Settings(TrainingSettings):
    """Settings of babi, with the reason beside each value."""

    dataset: str = "babi-en"
    # Of the stories of each task's 1,000 training questions.
    validation_share: float = 0.1
    units: int = 64
    embedding_dim: int = 64
    cell: str = "gru"
    num_layers: int = 1
    bidirectional: bool = True
    num_hops: int = 3
    attention: str = "additive"
    dropout: float = 0.2
    label_smoothing: float = 0.0
    batch_size: int = 64
    epochs: float = 40.0
    learning_rate: float = 3e-3
    warmup_steps: int = 300
    clip_norm: float = 5.0
    ema_momentum: float | None = 0.995


@dataclasses.dataclass(frozen=True)
class Example:
    """A question about a story, of one of the tasks."""

    story: str
    question: str
    answer: str
    task: str


@dataclasses.dataclass(frozen=True)
class BabiAssets(Assets):
    """The words, and the answers in the order of the model's outputs."""

    vocabulary: zoo.text.Vocabulary
    answers: tuple[str, ...]

    def save(self, folder: Path) -> None:
        self.vocabulary.save(folder / "words.txt")
        (folder / "answers.json").write_text(json.dumps(self.answers), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> BabiAssets:
        answers = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
        return cls(zoo.text.Vocabulary.load(folder / "words.txt"), tuple(answers))


@register
class Babi(Recipe):
    name = "babi"
    title = "Reading comprehension: answers to questions about short stories"
    topology = "reading_comprehension"
    datasets = ("babi-en",)
    metric = "accuracy"
    lower_is_better = False
    published = (
        Published(
            "LSTM, a model a task",
            "49.2 % in the mean",
            "babi-en",
            "test",
            "Weston et al. 2015, table 3",
        ),
        Published(
            "Keras babi_rnn, a model a task",
            "59.1 % in the mean",
            "babi-en",
            "test",
            "its docstring",
        ),
    )
    own_data = (
        "a UTF-8 text file in bAbI's format: numbered lines, a sentence each, or "
        "question<TAB>answer<TAB>numbers of the sentences it rests on; number 1 begins a new story"
    )
    example = "Mary went to the garden. John took the milk. Where is Mary?"
    settings = Settings()
    assets = BabiAssets
    input_name = "story"
    search_space = (
        Parameter("units", choices=(48, 64, 96)),
        Parameter("num_hops", choices=(1, 2, 3, 4)),
        Parameter("dropout", low=0.0, high=0.5),
        Parameter("learning_rate", low=1e-3, high=8e-3, log=True),
    )

    # Data ----------------------------------------------------------------------------------

    def read(self, settings, data, split):
        if data is not None:
            sizes = {"validation": 100, "test": 100}
            stories = held_out(_stories(data, "own"), split, sizes, "stories")
            return [example for story in stories for example in story]
        part = "test" if split == "test" else "train"
        paths = datasets.fetch(settings.dataset)
        examples = []
        for number in range(1, 21):
            (name,) = (
                n for n in paths if n.startswith(f"qa{number}_") and n.endswith(f"{part}.txt")
            )
            stories = _stories(paths[name], str(number))
            if split != "test":
                kept = round(settings.validation_share * len(stories))
                stories = held_out(stories, split, {"validation": kept}, "stories")
            examples += [example for story in stories for example in story]
        return examples

    def prepare(self, settings, examples):
        texts = [text for one in examples for text in (one.story, one.question)]
        words = zoo.text.split_words(tf.constant(sorted(set(texts)))).to_list()
        vocabulary = zoo.text.Vocabulary.build([word.decode() for word in row] for row in words)
        return BabiAssets(vocabulary, (NONE, *sorted({one.answer for one in examples})))

    # Model and objective -------------------------------------------------------------------

    def build(self, settings, assets):
        return self.built(
            settings,
            num_answers=len(assets.answers),
            vocabulary_size=len(assets.vocabulary),
        )

    def columns(self, assets, examples):
        stories = zoo.text.split_words(
            zoo.text.split_sentences(tf.constant([one.story for one in examples]))
        )
        asked = zoo.text.split_words(tf.constant([one.question for one in examples]))
        number = {answer: index for index, answer in enumerate(assets.answers)}
        columns = {
            "story": assets.vocabulary.ids(stories),
            "question": assets.vocabulary.ids(asked),
            "answer": np.array([number.get(one.answer, 0) for one in examples], "int32"),
        }
        return columns, stories.row_lengths().numpy()

    def features(self, columns):
        story, question = columns["story"], columns["question"]
        inputs = {
            "story": story.to_tensor(zoo.text.PAD_ID),
            "sentence_length": tf.cast(story.row_lengths(axis=2).to_tensor(0), tf.int32),
            "story_length": tf.cast(story.row_lengths(), tf.int32),
            "question": question.to_tensor(zoo.text.PAD_ID),
            "question_length": tf.cast(question.row_lengths(), tf.int32),
        }
        return inputs, {"logits": columns["answer"]}

    def objective(self, settings):
        return {
            "loss": {"logits": zoo.training.token_cross_entropy(settings.label_smoothing)},
            "metrics": {"logits": [zoo.training.TokenNats(), "accuracy"]},
        }

    # What is exported and how it is measured -----------------------------------------------

    def module(self, settings, assets, model):
        return zoo.signatures.StoryToAnswer(model, assets.vocabulary, assets.answers)

    def measure(self, settings, answers, examples):
        right = np.zeros(len(examples), bool)
        asked = answered(answers, examples, _texts, length=lambda one: len(one.story))
        for row, answer in asked:
            right[row] = answer["answer"].decode() == examples[row].answer
        tasks = sorted({one.task for one in examples}, key=lambda task: (len(task), task))
        of_task = np.array([one.task for one in examples])
        accuracy = {task: float(right[of_task == task].mean()) for task in tasks}
        metrics = {"questions": len(examples), "accuracy": float(np.mean(list(accuracy.values())))}
        if len(tasks) == len(FACEBOOK_LSTM):
            metrics["tasks_above_lstm"] = sum(
                100 * accuracy[task] > theirs
                for task, theirs in zip(tasks, FACEBOOK_LSTM, strict=True)
            )
        return metrics | {f"accuracy_of_task_{task}": accuracy[task] for task in tasks}

    def baselines(self, settings, train, examples):
        commonest: dict[str, Counter] = {}
        for one in train:
            commonest.setdefault(one.task, Counter())[one.answer] += 1
        right: dict[str, list[bool]] = {}
        for one in examples:
            ((answer, _),) = commonest[one.task].most_common(1)
            right.setdefault(one.task, []).append(answer == one.answer)
        mean = float(np.mean([np.mean(row) for row in right.values()]))
        return {"commonest answer of the task": {"accuracy": mean}}

    def inputs(self, given):
        pairs = [_story_and_question(text) for text in given]
        return {
            "story": [story for story, _ in pairs],
            "question": [question for _, question in pairs],
        }

    def in_python(self, example):
        story, question = _story_and_question(example)
        return f'model(story=["{story}"], question=["{question}"])'

    def lines(self, inputs, answer):
        lines = []
        for row, (text, said) in enumerate(zip(inputs, self.says(answer), strict=True)):
            looked = answer["weights"][row, -1]
            because = answer["sentences"][row, int(np.argmax(looked))].decode()
            lines.append(f"{text}\t{said}\t{answer['score'][row]:.3f}\tlast looked at: {because}")
        return lines

    def says(self, answer):
        return [text.decode() for text in answer["answer"]]

    def draw(self, figure, given, answer):
        sentences = [text.decode() for text in answer["sentences"][0]]
        axes = figure.subplots()
        weights = answer["weights"][0].T[: len(sentences)]
        image = axes.imshow(weights, cmap="Greys", vmin=0, vmax=1, aspect="auto")
        axes.set_yticks(range(len(sentences)), sentences)
        axes.set_xticks(range(weights.shape[1]), [f"look {n + 1}" for n in range(weights.shape[1])])
        _, question = _story_and_question(given)
        axes.set_title(f"{question} {self.says(answer)[0]}")
        figure.colorbar(image, label="attention weight", shrink=0.8)

    def show(self, answers, examples, count):
        chosen = np.random.default_rng(0).permutation(len(examples))[:count]
        # The long stories would fill the card.
        chosen = [examples[i] for i in chosen if len(examples[i].story) < 300]
        said = self.says(answers(**_texts(chosen)))
        return [
            Shown(f"{one.story} {one.question}", text, one.answer, text == one.answer)
            for one, text in zip(chosen, said, strict=True)
        ]

    def warmup(self):
        story, question = _story_and_question(self.example)
        text = {"story": np.array([story.encode()]), "question": np.array([question.encode()])}
        ids = {
            "story": np.array([[[4, 5], [6, 0]]], "int32"),
            "sentence_length": np.array([[2, 1]], "int32"),
            "story_length": np.array([2], "int32"),
            "question": np.array([[4, 5]], "int32"),
            "question_length": np.array([2], "int32"),
        }
        return [("serving_default", text), ("token_ids", ids)]


def _texts(examples) -> dict[str, list[str]]:
    return {
        "story": [one.story for one in examples],
        "question": [one.question for one in examples],
    }


def _stories(path, task: str) -> list[list[Example]]:
    """The questions of a file, those of one story together."""
    stories: list[list[Example]] = []
    told = 0
    for one in read_questions(path):
        # A story only grows; a shorter one is another.
        if not stories or len(one.story) < told or _begins_anew(stories[-1][-1], one):
            stories.append([])
        told = len(one.story)
        example = Example(" ".join(one.story), one.question, one.answer, task)
        stories[-1].append(example)
    return stories


def _begins_anew(before: Example, one) -> bool:
    return not " ".join(one.story).startswith(before.story)


def _story_and_question(text: str) -> tuple[str, str]:
    """Cuts what a person typed into the story and its last sentence, the question."""
    sentences = [row.decode() for row in zoo.text.split_sentences(tf.constant([text]))[0].numpy()]
    if len(sentences) < 2:
        raise InputError(
            f"{text!r}: expected a story and, as its last sentence, a question, such as "
            f"{Babi.example!r}"
        )
    return " ".join(sentences[:-1]), sentences[-1]
