"""The range of each setting that is a number: a name means the same in every recipe."""

import dataclasses
from collections.abc import Iterable

from zoo.errors import InputError


@dataclasses.dataclass(frozen=True)
class Range:
    """The values that a number may have.

    Attributes:
        least, most: the ends; None: no such end.
        without_least, without_most: whether the end itself is left out.
    """

    least: float | None = None
    most: float | None = None
    without_least: bool = False
    without_most: bool = False

    def __contains__(self, value: float) -> bool:
        if self.least is not None and (
            value < self.least or (self.without_least and value == self.least)
        ):
            return False
        return (
            self.most is None or value < self.most or (not self.without_most and value == self.most)
        )

    def __str__(self) -> str:
        parts = []
        if self.least is not None:
            parts.append(
                f"more than {self.least:g}" if self.without_least else f"{self.least:g} or more"
            )
        if self.most is not None:
            parts.append(
                f"less than {self.most:g}" if self.without_most else f"{self.most:g} at most"
            )
        return " and ".join(parts)


def _named(names: str, range: Range) -> dict[str, Range]:
    return dict.fromkeys(names.split(), range)


# Sizes and counts of what there must be one of.
_ONE_OR_MORE = """
    attention_units batch_size batch_tokens beam_width character_dim character_units clips
    decoder_layers digits discriminator_units drawn_chorales drawn_lengths drawn_names drawn_poems
    embedding_dim encoder_layers first_filters held_out_sentences horizon judged_clips
    judged_sequences keep_checkpoints keys length max_characters max_length max_verses max_words
    measured_sentences min_count num_alternatives num_bands num_hops num_layers num_results
    num_sampled num_waves offsets patch retrieved_sentences round_steps rows_per_step
    sampling_steps second_filters sequences target_embedding_dim test_chorales test_items test_names
    test_poems test_sentences test_strips test_sums test_utterances test_words third_filters
    train_items train_sentences train_strips train_sums train_utterances train_words units
    unseen_utterances upper_patch validation_chorales validation_items validation_names
    validation_pictures validation_poems validation_recordings validation_sentences
    validation_strips validation_sums validation_utterances validation_words vocabulary_size window
"""
_NONE_OR_MORE = """
    coverage_weight entropy_weight kernel least_steps length_penalty no_repeat_ngram ridge_penalty
    rotation shift transpositions vector_words warmup_steps weight_decay
    loudest_noise silence_seconds
"""
_MORE_THAN_NONE = """
    clip_norm epochs huber_delta learning_rate sampling_slowness step_seconds temperature
    window_seconds
"""
# Shares of which all would leave nothing.
_NOT_ALL = """
    band_share dropout input_dropout label_smoothing recurrent_weight_dropout speed stretch
    time_share token_dropout word_dropout
"""
_SHARES = "balance ema_momentum sampling_base sampling_most unmarked"
_HELD_OUT = "test_share validation_share"

RANGES: dict[str, Range] = {
    **_named(_ONE_OR_MORE, Range(1)),
    **_named(_NONE_OR_MORE, Range(0)),
    "shortest": Range(2),
    **_named(_MORE_THAN_NONE, Range(0, without_least=True)),
    **_named(_NOT_ALL, Range(0, 1, without_most=True)),
    **_named(_SHARES, Range(0, 1)),
    **_named(_HELD_OUT, Range(0, 1, without_least=True, without_most=True)),
}


def check_ranges(settings: object, names: Iterable[str]) -> None:
    """Raises `InputError` for the first setting of some that is outside of its range.

    Args:
        settings: a record of settings.
        names: those that were given.
    """
    for name in names:
        value, wanted = getattr(settings, name), RANGES.get(name)
        if wanted is not None and value is not None and value not in wanted:
            raise InputError(f"setting {name}={value}: expected {wanted}")
    shares = {name: getattr(settings, name, 0.0) for name in _HELD_OUT.split()}
    if sum(shares.values()) >= 1:
        given = " and ".join(f"{name}={share:g}" for name, share in shares.items())
        raise InputError(
            f"settings {given} leave nothing to train on; expected less than 1 together"
        )
