"""Plain methods on pixels, to stand beside a network: majority, nearest centroid, regression."""

import numpy as np


def picture_baselines(
    train: tuple[np.ndarray, np.ndarray], judged: tuple[np.ndarray, np.ndarray], num_classes: int
) -> dict[str, np.ndarray]:
    """Returns for each method whether it is right about each judged picture.

    Args:
        train, judged: Pixels uint8 [count, height, width] and classes int [count].
        num_classes: K.

    Returns:
        Method name -> bool [judged].
    """
    pixels, classes = _flat(train[0]), train[1]
    asked, truth = _flat(judged[0]), judged[1]
    most = np.bincount(classes, minlength=num_classes).argmax()
    return {
        "majority class": truth == most,
        "nearest centroid of the pixels": truth == _nearest(pixels, classes, asked, num_classes),
        "logistic regression on the pixels": truth
        == _regressed(pixels, classes, asked, num_classes),
    }


def _flat(images):
    return images.reshape(len(images), -1).astype("float32") / 255


def _nearest(pixels, classes, asked, num_classes):
    # A class that is not there is infinitely far away.
    centroids = np.full((num_classes, pixels.shape[1]), np.inf, "float32")
    for k in np.unique(classes):
        centroids[k] = pixels[classes == k].mean(0)
    seen = np.isfinite(centroids[:, 0])
    kept = np.where(seen[:, None], centroids, 0)
    # |x - m|^2 without |x|^2, which is the same for every class.
    distances = (kept**2).sum(1) - 2 * asked @ kept.T
    return np.where(seen, distances, np.inf).argmin(1)


def _regressed(pixels, classes, asked, num_classes, epochs=5, batch_size=256):
    """Softmax regression by Adam (Kingma & Ba 2015), the same at every call."""
    random = np.random.default_rng(0)
    weights = [
        np.zeros((pixels.shape[1], num_classes), "float32"),
        np.zeros(num_classes, "float32"),
    ]
    first, second = ([np.zeros_like(w) for w in weights] for _ in range(2))
    rows_a_step = min(batch_size, len(pixels))
    step, total = 0, max(epochs * (len(pixels) // rows_a_step), 500)
    while step < total:
        order = random.permutation(len(pixels))
        for start in range(0, len(order) - rows_a_step + 1, rows_a_step):
            rows = order[start : start + rows_a_step]
            x, error = pixels[rows], _softmax(pixels[rows] @ weights[0] + weights[1])
            error[np.arange(len(rows)), classes[rows]] -= 1
            step += 1
            rate = 3e-3 * (1 - min(step, total) / (total + 1))
            for i, gradient in enumerate((x.T @ error / len(rows), error.mean(0))):
                first[i] += 0.1 * (gradient - first[i])
                second[i] += 0.001 * (gradient**2 - second[i])
                scaled = first[i] / (1 - 0.9**step)
                weights[i] -= rate * scaled / (np.sqrt(second[i] / (1 - 0.999**step)) + 1e-8)
    return (asked @ weights[0] + weights[1]).argmax(1)


def _softmax(logits):
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)
