"""Parts of speech: a tag for every word, by a recurrence both ways over words and characters."""

import dataclasses

import zoo
from recipes import datasets
from recipes.datasets import conllu
from recipes.datasets.reading import numbered_lines
from recipes.datasets.tagged_words import read_tagged_words
from recipes.families.tagging import Tagged, TaggingRecipe, TaggingSettings, commonest_tags
from recipes.metrics.answers import answered
from recipes.metrics.tagging import sentence_accuracy, tag_accuracy, word_scores
from recipes.recipe import Published, register

FILES = {
    "train": "en_ewt-ud-train.conllu",
    "validation": "en_ewt-ud-dev.conllu",
    "test": "en_ewt-ud-test.conllu",
}


@dataclasses.dataclass(frozen=True)
class Settings(TaggingSettings):
    """Settings of pos_tagging, with the reason beside each value."""

    epochs: float = 12.0


@register
class PosTagging(TaggingRecipe):
    name = "pos_tagging"
    title = "Parts of speech: a tag for every word of a sentence"
    datasets = ("ud-english-ewt",)
    metric = "accuracy"
    lower_is_better = False
    published = (
        Published(
            "UDPipe 1.2",
            "94.4 %",
            "ud-english-ewt",
            "test",
            "UD 2.3 models README, UPOS on gold tokens",
        ),
    )
    own_data = (
        "a UTF-8 text file, word<TAB>tag a line with a blank line after each sentence; or a "
        "CoNLL-U file, of which the words and their universal tags are read"
    )
    example = "The old man the boats, don't they?"
    settings = Settings()

    def read(self, settings, data, split):
        if data is None:
            return _treebank(datasets.fetch(self.datasets[0], [FILES[split]])[FILES[split]])
        if _is_conllu(data):
            return self.own(settings, _treebank(data), split)
        return self.own(settings, [Tagged(*pair) for pair in read_tagged_words(data)], split)

    def objective(self, settings):
        return {"loss": {"logits": zoo.training.step_cross_entropy()}, "metrics": None}

    def measure(self, settings, answers, examples):
        references = [one.tags for one in examples]
        said, _ = self.tagged(answers, examples)
        measured = {
            "sentences": len(examples),
            "words": sum(map(len, references)),
            "accuracy": tag_accuracy(references, said),
            "sentence_accuracy": sentence_accuracy(references, said),
        }
        written = [one for one in examples if one.text]
        return {**measured, **_on_text(answers, written)} if written else measured

    def baselines(self, settings, train, examples):
        references = [one.tags for one in examples]
        said = commonest_tags(train, examples)
        return {
            "most frequent tag of each word": {
                "accuracy": tag_accuracy(references, said),
                "sentence_accuracy": sentence_accuracy(references, said),
            }
        }


def _on_text(answers, examples: list[Tagged]) -> dict[str, float]:
    words, tags = [[] for _ in examples], [[] for _ in examples]
    texts = [one.text for one in examples]
    for row, answer in answered(answers, texts, lambda part: {"text": part}):
        count = answer["lengths"]
        words[row] = [word.decode() for word in answer["tokens"][:count]]
        tags[row] = [tag.decode() for tag in answer["tags"][:count]]
    references = [one.words for one in examples]
    return {
        "word_f1": word_scores(references, words),
        "tagged_word_f1": word_scores(references, words, ([one.tags for one in examples], tags)),
    }


def _treebank(path) -> list[Tagged]:
    return [Tagged(one.words, one.upos, text=one.text) for one in conllu.read_sentences(path)]


def _is_conllu(path) -> bool:
    """Whether the first line with something in it is a remark or has ten columns."""
    for _, line in numbered_lines(path):
        if line.strip():
            return line.startswith("# ") or line.count("\t") == conllu.NUM_COLUMNS - 1
    return False
