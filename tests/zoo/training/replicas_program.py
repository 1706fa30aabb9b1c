"""Trains small models on made data in a process of its own, and prints what they measured.

A program and no test: devices and workers are chosen before TensorFlow computes anything.

    python replicas_program.py DEVICES CASE ...     under TF_CONFIG: one worker of several
    python replicas_program.py alone CASE ...       without a strategy
"""

import json
import os
import sys
import traceback

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras
import numpy as np
import tensorflow as tf

import zoo
from zoo import training
from zoo.topologies.crf import chain_loss

ROWS, STEPS, ROUND = 40, 6, 4
LENGTHS = np.random.default_rng(0).integers(1, 9, ROWS)


def tokens(seed, lengths, low=4, high=20):
    random = np.random.default_rng(seed)
    return training.ragged([random.integers(low, high, n).tolist() for n in lengths])


def _classifier():
    """Every row with a weight of its own, a Keras loss, a batch that cannot be cut evenly."""
    columns = {
        "tokens": tokens(1, LENGTHS),
        "label": np.random.default_rng(2).integers(0, 3, ROWS),
        "weight": np.random.default_rng(3).uniform(0.5, 2.0, ROWS).astype("float32"),
    }

    def features(c):
        inputs = {"tokens": c["tokens"].to_tensor(), "length": lengths_of(c["tokens"])}
        return inputs, {"logits": c["label"]}, {"logits": c["weight"]}

    model = zoo.build("n_to_one", num_classes=3, vocabulary_size=20, units=5, embedding_dim=4)
    trained = keras.Model(model.input, {"logits": model.output["logits"]})
    objective = {
        "loss": {"logits": keras.losses.SparseCategoricalCrossentropy(from_logits=True)},
        "metrics": {"logits": [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]},
    }
    return trained, objective, columns, features, 7, {"clip_norm": 0.3}


def _tagger():
    """A chain of tags, averaged over the real tags, of which each replica has another number."""
    columns = {"tokens": tokens(1, LENGTHS), "tags": tokens(2, LENGTHS, 0, 3)}

    def features(c):
        inputs = {"tokens": c["tokens"].to_tensor(), "length": lengths_of(c["tokens"])}
        return inputs, {"chain": c["tags"].to_tensor(-1)}

    model = zoo.build(
        "n_to_n", num_classes=3, vocabulary_size=20, units=5, embedding_dim=4, crf=True
    )
    trained = keras.Model(model.input, {"chain": model.output["chain"]})
    return trained, {"loss": {"chain": chain_loss()}}, columns, features, 8, {"clip_norm": 0.3}


def _translator():
    """Tokens with label smoothing; averaged and decayed weights; `dropout` for masks."""
    columns = {"source": tokens(1, LENGTHS), "target": tokens(2, LENGTHS[::-1])}

    def features(c):
        ends = tf.fill([c["target"].nrows(), 1], 2)
        inputs = {
            "source": c["source"].to_tensor(),
            "source_length": lengths_of(c["source"]),
            "target": tf.concat([ends, c["target"]], 1).to_tensor(),
        }
        return inputs, {"logits": tf.concat([c["target"], ends], 1).to_tensor()}

    model = zoo.build(
        "attention_n_to_m",
        source_vocabulary_size=20,
        target_vocabulary_size=20,
        units=5,
        embedding_dim=4,
        attention_units=4,
    )
    trained = keras.Model(model.input, {"logits": model.output["logits"]})
    objective = {
        "loss": {"logits": training.token_cross_entropy(0.1)},
        "metrics": {"logits": [training.TokenNats()]},
    }
    settings = {"clip_norm": 0.3, "ema_momentum": 0.9, "weight_decay": 0.01}
    return trained, objective, columns, features, 9, settings


CASES = {
    "classifier": _classifier,
    "tagger": _tagger,
    "translator": _translator,
    # Ends after its second round, having gone back to the weights of the first.
    "stopping": _classifier,
}


def lengths_of(rows):
    return tf.cast(rows.row_lengths(), tf.int32)


def run(case, folder):
    """Trains a case and returns its history by round, its losses by step and its weights."""
    distribution = training.Distribution.current()
    keras.utils.set_random_seed(0)
    model, objective, columns, features, batch_size, settings = CASES[case]()
    trained = distribution.replicated(model)
    trained.compile(optimizer=training.optimizer(0.05, STEPS, **settings), **objective)
    validation, validation_steps = distribution.evaluation_batches(columns, features, LENGTHS, 16)
    if distribution.is_chief:
        os.makedirs(f"{folder}/{case}")
    steps, callbacks, losses = STEPS, [], []
    if case == "stopping":
        steps, never = 3 * ROUND, 100.0
        callbacks = [
            keras.callbacks.EarlyStopping(
                "val_loss", min_delta=never, patience=0, restore_best_weights=True
            )
        ]

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            losses.append(float(np.ravel(logs["loss"])[0]))

    plan = training.BatchPlan(LENGTHS, batch_size)
    rows = training.fit(
        trained,
        lambda step: distribution.training_stream(plan, columns, features, step),
        training.RunFolder(f"{folder}/{case}"),
        total_steps=steps,
        # Two rounds and a shorter third: Keras's fit is called twice.
        steps_per_epoch=plan.steps_per_epoch,
        round_steps=ROUND,
        validation=validation,
        validation_steps=validation_steps,
        callbacks=[Watch(), *callbacks],
    )
    history = [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
    weights = [np.asarray(w).tolist() for w in model.weights]
    return {"losses": losses, "history": history, "weights": weights}


def main(folder, devices, *cases):
    strategy = training.place(devices if devices == "all" else int(devices))
    tf.config.experimental.enable_op_determinism()
    found = {}
    for case in cases:
        if strategy is None or len(training.Distribution(strategy).workers) < 2:
            found[case] = {"alone": run(case, f"{folder}/alone")}
        if strategy is not None:
            with strategy.scope():
                found.setdefault(case, {})["together"] = run(case, f"{folder}/together")
    print(json.dumps(found), flush=True)
    # TensorFlow would wait for the other workers.
    os._exit(0)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        # Here too, and the others would wait for this one.
        os._exit(1)
