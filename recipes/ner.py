"""Named entities in noisy text: whole sequences of tags, over words and their characters."""

import dataclasses

import zoo
from recipes import datasets
from recipes.datasets import wnut17
from recipes.datasets.tagged_words import read_tagged_words
from recipes.families.tagging import (
    Tagged,
    TaggingRecipe,
    TaggingSettings,
    commonest_tags,
    said_stretches,
    stretches,
)
from recipes.metrics.tagging import entity_scores
from recipes.recipe import Published, register

FILES = {
    "train": "wnut17train.conll",
    "validation": "emerging.dev.conll",
    "test": "emerging.test.annotated",
}


@dataclasses.dataclass(frozen=True)
class Settings(TaggingSettings):
    """Settings of ner, with the reason beside each value."""

    units: int = 100
    embedding_dim: int = 64
    num_layers: int = 1
    # At 0.5, and with a fifth of the words unknown, the model named almost nothing.
    dropout: float = 0.3
    token_dropout: float = 0.1
    batch_size: int = 16
    # At 12, with the learning rate down to zero by then, the F1 is 14.7 % and not 20.3 %.
    epochs: float = 40.0


@register
class Ner(TaggingRecipe):
    name = "ner"
    title = "Named entities: people, places, groups, products and works in noisy text"
    datasets = ("wnut17",)
    metric = "entity_f1"
    lower_is_better = False
    published = (
        Published(
            "SpinningBytes, second of the shared task; more labelled data",
            "40.78 %",
            "wnut17",
            "test",
            "von Däniken and Cieliebak 2017, entity F1",
        ),
        Published(
            "BLSTM-CRF with word vectors, no further labelled data",
            "40.33 % ± 1.13, ten runs",
            "wnut17",
            "test",
            "mead-baseline docs/tagging.md, 9bfd967, entity F1",
        ),
    )
    own_data = (
        "a UTF-8 text file, word<TAB>tag a line with a blank line after each sentence; tags are "
        "IOB2: O, B-NAME for the first word of an entity, I-NAME for its others"
    )
    example = "Pierre Loti lived in Istanbul, not in New York"
    settings = Settings()
    crf = True
    tokenizer = "treebank_compounds"
    # The loss falls as "O" is said with more confidence, whether or not anything is named.
    tuning_measure = "val_tag_error"
    span_name = "entity"

    def read(self, settings, data, split):
        if data is None:
            path = datasets.fetch(self.datasets[0], [FILES[split]])[FILES[split]]
            return [Tagged(*pair) for pair in wnut17.read_sentences(path)]
        own = [Tagged(*pair) for pair in read_tagged_words(data, iob=True)]
        return self.own(settings, own, split)

    def objective(self, settings):
        wrong = zoo.topologies.ChainTagError()
        return {"loss": {"chain": zoo.topologies.chain_loss()}, "metrics": {"chain": [wrong]}}

    def measure(self, settings, answers, examples):
        references = [one.tags for one in examples]
        said, _ = self.tagged(answers, examples)
        return {"sentences": len(examples), **_entities(references, said)}

    def baselines(self, settings, train, examples):
        references = [one.tags for one in examples]
        said = commonest_tags(train, examples)
        return {"most frequent tag of each word": _entities(references, said)}

    def phrase(self, words, tags, label):
        found = stretches(words, tags)
        return "; ".join(f"{name}: {text}" for name, text in found) or "no entity"

    def lines(self, inputs, answer):
        found = [said_stretches(answer, row, "entity") for row in range(len(inputs))]
        return [f"{given}\t{one or 'no entity'}" for given, one in zip(inputs, found, strict=True)]


def _entities(references, said) -> dict[str, float]:
    return {f"entity_{name}": value for name, value in entity_scores(references, said).items()}
