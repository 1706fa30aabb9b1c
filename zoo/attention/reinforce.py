"""The gradient of hard attention."""

from typing import Any

from keras import ops


def reinforce_loss(
    log_probability: Any,
    reward: Any,
    baseline: Any = 0.0,
    entropy: Any = None,
    entropy_weight: float = 0.0,
) -> Any:
    """Returns a loss whose gradient is that of the expected reward, by sampled choices.

        loss = -mean_b [ (R_b - baseline) log p(s_b) + entropy_weight H_b ]

    For a loss L(s) that depends on sampled choices s, the gradient of its expectation is

        grad E[L] = E[ grad L(s) + L(s) grad log p(s) ]

    The ordinary loss gives the first term; this one, with R = -L, gives the second. So the loss to
    minimise is their sum. A baseline that does not depend on the choices lessens the variance and
    leaves the mean as it is; the entropy keeps the choices open for longer. (Williams, "Simple
    statistical gradient-following algorithms", 1992; Xu et al. 2015, section 4.1, where R is the
    log-likelihood of the sentence.)

    Args:
        log_probability: `[batch]`, of the choices made: `HardState.log_probability` at the end.
        reward: `[batch]`, the larger the better; no gradient goes through it.
        baseline: What to expect of the reward; a scalar or `[batch]`. See `moving_baseline`.
        entropy: `[batch]`, `HardState.entropy` at the end; None: left out.
        entropy_weight: How much a nat of entropy is worth.

    Returns:
        A scalar.

    Example:

    >>> import numpy as np
    >>> round(float(reinforce_loss(np.log([0.5, 0.5]), reward=[2.0, 3.0], baseline=2.0)), 4)
    0.3466
    """
    log_probability = ops.convert_to_tensor(log_probability)
    dtype = log_probability.dtype
    advantage = ops.cast(reward, dtype) - ops.cast(baseline, dtype)
    gain = ops.stop_gradient(advantage) * log_probability
    if entropy is not None:
        gain += entropy_weight * ops.cast(entropy, dtype)
    return -ops.mean(gain)


def moving_baseline(baseline: Any, reward: Any, decay: float = 0.9) -> Any:
    """Returns the baseline for the next batch.

        b' = decay b + (1 - decay) mean(R)

    Xu et al. 2015, section 4.1. Keep the scalar with the rest of what training carries, starting
    from 0. Use the old one in this batch's loss: with the new one, which has seen this batch's
    choices, the estimate would be biased.

    Args:
        baseline: Scalar, the baseline so far.
        reward: `[batch]`.
        decay: Share of the old baseline that stays.

    Example:

    >>> float(moving_baseline(2.0, [4.0, 8.0], decay=0.5))
    4.0
    """
    reward = ops.stop_gradient(ops.convert_to_tensor(reward))
    return decay * ops.cast(baseline, reward.dtype) + (1.0 - decay) * ops.mean(reward)
