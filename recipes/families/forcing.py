"""How a recipe's decoder is fed in training, as settings."""

from __future__ import annotations

import dataclasses

import zoo
from recipes.recipe import TrainingSettings
from zoo.checks import check_choice
from zoo.deferred import keras


@dataclasses.dataclass(frozen=True)
class ForcingSettings(TrainingSettings):
    """Settings of a recipe with a decoder; see `zoo.topologies.forcing.forced`."""

    # "teacher", "scheduled", "free" or "professor".
    forcing: str = "teacher"
    # With "scheduled": "constant", "linear", "exponential" or "inverse_sigmoid".
    sampling: str = "linear"
    # Probability of the model's own token at the end of training; 1 is free running.
    sampling_most: float = 0.25
    # Of "linear": training steps until then.
    sampling_steps: int = 2000
    # Of "exponential": what is left of the truth's probability after a step.
    sampling_base: float = 0.999
    # Of "inverse_sigmoid": k; half way is come to at step k log k.
    sampling_slowness: float = 300.0
    # With "professor": width of the discriminator.
    discriminator_units: int = 64
    # With attention "coverage": lambda. With "hard": what a nat of the choices' entropy is worth.
    coverage_weight: float = 1.0
    entropy_weight: float = 0.01


def forced_by(settings: ForcingSettings, model: keras.Model) -> keras.Model | None:
    """Returns the model as its settings say that it is trained.

    Args:
        settings: A recipe's.
        model: What `attention_n_to_m`, `n_to_m` or `one_to_n` built.

    Returns:
        What `forced` makes; None where the settings ask for nothing but teacher forcing.

    Raises:
        InputError: an unknown way or schedule, or a number out of its range.
    """
    check_choice("forcing", settings.forcing, zoo.topologies.WAYS)
    check_choice("sampling", settings.sampling, zoo.decoding.sampling_schedules)
    more = {}
    if settings.forcing == "scheduled":
        own = {
            "constant": {},
            "linear": {"num_steps": settings.sampling_steps},
            "exponential": {"base": settings.sampling_base},
            "inverse_sigmoid": {"slowness": settings.sampling_slowness},
        }[settings.sampling]
        more["schedule"] = zoo.decoding.get_sampling_schedule(
            settings.sampling, most=settings.sampling_most, **own
        )
    if settings.forcing == "professor":
        more["discriminator"] = zoo.topologies.Discriminator(
            settings.discriminator_units, name="discriminator"
        )
    trained = zoo.topologies.forced(
        model,
        settings.forcing,
        coverage_weight=settings.coverage_weight,
        entropy_weight=settings.entropy_weight,
        **more,
    )
    return trained if settings.forcing != "teacher" or trained.terms else None
