"""Intent and slots of a command: N to N and N to 1 from one recurrence both ways."""

import dataclasses
from collections import Counter

import zoo
from recipes import datasets
from recipes.datasets.own_commands import read_own_commands
from recipes.datasets.snips import read_commands
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

FOLDERS = {"train": "train", "validation": "valid", "test": "test"}


@dataclasses.dataclass(frozen=True)
class Settings(TaggingSettings):
    """Settings of intent_slots, with the reason beside each value."""

    held_out_sentences: int = 700
    units: int = 128
    embedding_dim: int = 96
    num_layers: int = 1
    dropout: float = 0.4
    token_dropout: float = 0.1
    batch_size: int = 64
    learning_rate: float = 3e-3
    epochs: float = 12.0


@register
class IntentSlots(TaggingRecipe):
    name = "intent_slots"
    title = "Intent and slots: what a command asks for, and with what"
    datasets = ("snips",)
    metric = "slot_f1"
    lower_is_better = False
    published = (
        Published(
            "Slot-gated BLSTM with attention, slot F1", "88.8 %", "snips", "test", "Goo et al. 2018"
        ),
        Published(
            "Slot-gated BLSTM with attention, intent accuracy",
            "97.0 %",
            "snips",
            "test",
            "Goo et al. 2018",
        ),
    )
    own_data = (
        "a UTF-8 text file, intent<TAB>words<TAB>slots a line; words are separated by spaces and "
        "so are their slots, as many: O, B-SLOT for the first word of a slot, I-SLOT for its others"
    )
    example = "Play the newest album by Miles Davis on Spotify"
    settings = Settings()
    crf = True
    tokenizer = "spoken"
    row_name = "intent"
    span_name = "slot"

    def read(self, settings, data, split):
        if data is not None:
            own = [_tagged(command) for command in read_own_commands(data)]
            return self.own(settings, own, split)
        names = [f"{FOLDERS[split]}/{name}" for name in ("seq.in", "seq.out", "label")]
        paths = datasets.fetch(self.datasets[0], names)
        return [_tagged(command) for command in read_commands(*(paths[name] for name in names))]

    def objective(self, settings):
        slots, intent = zoo.topologies.chain_loss(), zoo.training.step_cross_entropy()
        return {"loss": {"chain": slots, "row_logits": intent}, "metrics": None}

    def measure(self, settings, answers, examples):
        return _measured(examples, *self.tagged(answers, examples))

    def baselines(self, settings, train, examples):
        intents = Counter(one.label for one in train)
        commonest = min(intents, key=lambda intent: (-intents[intent], intent))
        said = commonest_tags(train, examples), [commonest] * len(examples)
        return {"most frequent slot of each word, most frequent intent": _measured(examples, *said)}

    def phrase(self, words, tags, label):
        return _phrase(label, "; ".join(f"{name}: {text}" for name, text in stretches(words, tags)))

    def lines(self, inputs, answer):
        lines = []
        for row, given in enumerate(inputs):
            if not answer["lengths"][row]:
                lines.append(f"{given}\tno word")
                continue
            intent = f"{answer['intent'][row].decode()} ({answer['intent_score'][row]:.2f})"
            lines.append(f"{given}\t{_phrase(intent, said_stretches(answer, row, 'slot'))}")
        return lines


def _phrase(intent: str, slots: str) -> str:
    return f"{intent}; {slots}" if slots else intent


def _tagged(command) -> Tagged:
    return Tagged(command.words, command.slots, command.intent)


def _measured(examples: list[Tagged], tags, intents) -> dict[str, float]:
    slots = entity_scores([one.tags for one in examples], tags)
    right = [one.label == intent for one, intent in zip(examples, intents, strict=True)]
    whole = [
        same and list(one.tags) == list(said)
        for one, said, same in zip(examples, tags, right, strict=True)
    ]
    return {
        "commands": len(examples),
        **{f"slot_{name}": value for name, value in slots.items()},
        "intent_accuracy": sum(right) / len(right),
        "command_accuracy": sum(whole) / len(whole),
    }
