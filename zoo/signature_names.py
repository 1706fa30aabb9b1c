"""The names of signatures, and which of them takes the inputs that a caller has."""

from collections.abc import Collection, Mapping

# What a person has and nothing else; beside it the same graph with the settings as inputs.
SERVING_DEFAULT, WITH_SETTINGS = "serving_default", "with_settings"


def with_settings(name: str) -> str:
    """Returns the name of the signature that is as the named one and takes its settings too."""
    return WITH_SETTINGS if name == SERVING_DEFAULT else f"{name}_{WITH_SETTINGS}"


def taking(name: str, given: Collection[str], inputs: Mapping[str, Collection[str]]) -> str:
    """Returns the signature that takes what is given.

    That is the named one; else the one with its settings; else, in place of "serving_default", the
    one with the fewest inputs that takes all of them, such as "waveform" for samples of a model
    whose "serving_default" reads files.

    Args:
        name: name of a signature.
        given: names of the inputs that a caller gives.
        inputs: names of the inputs of each signature.
    """
    fitting = [one for one, names in inputs.items() if set(given) <= set(names)]
    second = with_settings(name)
    # Where nothing fits, the signature that knows the most names says what would be right.
    if name not in fitting and second in (fitting or inputs):
        return second
    if name in fitting or not fitting or name != SERVING_DEFAULT:
        return name
    return min(fitting, key=lambda one: (len(inputs[one]), one))
