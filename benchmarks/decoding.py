"""Sentences a second: the zoo's decoding against the same network in eager PyTorch.

    python -m benchmarks.decoding [--peers torch] [--rounds 20] [--threads N] [--csv FOLDER]

One attention decoder, its weights copied to PyTorch, decodes the same random sources to the same
results (checked), 20 tokens each. The contenders take turns in one process, so that a busy moment
hits all of them; each figure is the median of its rounds. `graph` is what a SavedModel runs,
`compiled` the same function under XLA. On a machine that is busy with other things,
`--clock cpu --threads 1` counts processor time instead of wall time.

A last row times a training step of the same decoder: the recurrence first and then the attention
of all steps at once, as `AttentionDecoder` does where it may, against one step after the other,
with the same loss and gradients (checked).
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from benchmarks.turns import file_name, write_csv
from zoo.decoding import beam_search, greedy_search, teacher_forcing
from zoo.decoding.beam_step import beam_step
from zoo.topologies.attention_decoder import AttentionDecoder

START_ID, LENGTH, BEAM_WIDTH, LENGTH_PENALTY = 1, 20, 10, 1.0
UNITS, EMBEDDING_DIM, SOURCE_LENGTH, MEMORY_DIM = 128, 64, 20, 256
VOCABULARIES = {"letters": 64, "words": 8000}
BATCHES = (1, 32)
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


class Case:
    """One network, one batch of sources, and the strategies to decode it with."""

    def __init__(self, vocabulary: str, batch: int):
        self.vocabulary, self.batch = vocabulary, batch
        self.stop_id = VOCABULARIES[vocabulary] - 1
        random = np.random.default_rng(0)
        self.memory = random.normal(size=[batch, SOURCE_LENGTH, MEMORY_DIM]).astype(np.float32)
        self.hidden = random.normal(size=[2, batch, UNITS]).astype(np.float32)
        self.decoder = AttentionDecoder(self.stop_id + 1, UNITS, EMBEDDING_DIM)
        self.decoder(tf.fill([batch, 1], START_ID), (tuple(self.hidden),), self.memory)
        for variable in self.decoder.trainable_variables:
            # Random weights wide enough that what comes next depends on what came before.
            scale = 1.0 if len(variable.shape) < 2 else 2.0 / np.sqrt(variable.shape[0])
            variable.assign(scale * random.normal(size=variable.shape))
        embedding = self.decoder.embedding.embeddings
        embedding.assign(random.normal(size=embedding.shape))
        # Nothing stops early, so that every contender takes the same number of steps.
        bias = np.zeros(self.stop_id + 1, np.float32)
        bias[self.stop_id] = -1e4
        self.decoder.output_projection.bias.assign(bias)

    def graph(self, strategy: str, jit_compile: bool) -> Callable[[], Any]:
        """Returns a call of the zoo's strategy that gives what it found."""

        @tf.function(jit_compile=jit_compile)
        def decode(values, hidden, cell):
            memory = self.decoder.prepare(values)
            state = self.decoder.get_initial_state(((hidden, cell),), memory)
            settings = {
                "start_id": START_ID, "stop_id": self.stop_id, "max_length": LENGTH,
            }  # fmt: skip
            if strategy == "greedy":
                return greedy_search(self.decoder.step, state, memory, **settings)
            return beam_search(
                state=state, memory=memory, beam_width=BEAM_WIDTH, length_penalty=LENGTH_PENALTY,
                **beam_step(self.decoder, BEAM_WIDTH), **settings,
            )  # fmt: skip

        inputs = [tf.constant(part) for part in (self.memory, *self.hidden)]

        def run():
            found = decode(*inputs)
            return found.scores.numpy(), found

        return run

    def torch(self, strategy: str) -> Callable[[], Any]:
        """Returns a call of the same in eager PyTorch."""
        import torch

        from benchmarks import torch_attention_lstm as peer

        network = peer.TorchDecoder(self.decoder)
        values = torch.from_numpy(self.memory)
        state = tuple(torch.from_numpy(part) for part in self.hidden)
        settings = {"start_id": START_ID, "stop_id": self.stop_id, "max_length": LENGTH}

        def run():
            with torch.inference_mode():
                memory = network.prepare(values)
            if strategy == "greedy":
                found, scores = peer.greedy_search(network.step, state, memory, **settings)
            else:
                found, scores = peer.beam_search(
                    network.step, state, memory,
                    beam_width=BEAM_WIDTH, length_penalty=LENGTH_PENALTY, **settings,
                )  # fmt: skip
            return scores.numpy(), found

        return run

    def training(self, at_once: bool) -> Callable[[], Any]:
        """Returns a call that gives the loss of a target, and its gradients' norm."""
        decoder = self.decoder
        random = np.random.default_rng(1)
        targets = tf.constant(random.integers(0, self.stop_id, [self.batch, LENGTH]), tf.int32)

        def score(values, hidden, cell):
            if at_once:
                return decoder(targets, ((hidden, cell),), values)["logits"]
            memory = decoder.prepare(values)
            state = decoder.get_initial_state(((hidden, cell),), memory)
            return teacher_forcing(decoder.step, state, memory, targets)[0]

        @tf.function
        def step(*inputs):
            with tf.GradientTape() as tape:
                nats = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, score(*inputs))
                loss = tf.reduce_mean(nats)
            weights = [weight.value for weight in decoder.trainable_variables]
            return tf.stack([loss, tf.linalg.global_norm(tape.gradient(loss, weights))])

        inputs = [tf.constant(part) for part in (self.memory, *self.hidden)]

        def run():
            found = step(*inputs).numpy()
            return found, found

        return run


def measure(contenders: dict[str, Callable], rounds: int, clock: Callable) -> dict[str, float]:
    """Returns each contender's median seconds; they take turns."""
    for run in contenders.values():
        run(), run()
    seconds = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            start = clock()
            run()
            seconds[name].append(clock() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def check_same(contenders: dict[str, Callable]) -> None:
    """Raises where two contenders' scores differ by more than rounding."""
    scores = {name: run()[0] for name, run in contenders.items()}
    first = next(iter(scores))
    for name, values in scores.items():
        np.testing.assert_allclose(
            values, scores[first], rtol=2e-3, atol=2e-3, err_msg=f"{name} found something else"
        )


def rows(peers: list[str], rounds: int, clock: Callable) -> list[dict]:
    """Measures every case; returns one record each."""
    records = []
    for vocabulary in VOCABULARIES:
        for batch in BATCHES:
            case = Case(vocabulary, batch)
            for strategy in ("greedy", f"beam {BEAM_WIDTH}"):
                kind = strategy.split()[0]
                contenders = {
                    "graph": case.graph(kind, jit_compile=False),
                    "compiled": case.graph(kind, jit_compile=True),
                }
                if "torch" in peers:
                    contenders["torch"] = case.torch(kind)
                check_same(contenders)
                seconds = measure(contenders, rounds, clock)
                record = {
                    "vocabulary": VOCABULARIES[vocabulary],
                    "batch": batch,
                    "strategy": strategy,
                    **{f"{name}_sentences_a_second": batch / s for name, s in seconds.items()},
                }
                if "torch" in seconds:
                    for name in ("graph", "compiled"):
                        record[f"{name}_to_torch"] = seconds["torch"] / seconds[name]
                records.append(record)
                print(line(record), flush=True)
    return records


def training_row(rounds: int, clock: Callable) -> dict:
    """Measures a training step, at once and step by step; returns the record."""
    case = Case("letters", max(BATCHES))
    contenders = {"at_once": case.training(True), "step_by_step": case.training(False)}
    check_same(contenders)
    seconds = measure(contenders, rounds, clock)
    record = {
        "vocabulary": VOCABULARIES["letters"],
        "batch": case.batch,
        "strategy": "training step",
        **{f"{name}_sentences_a_second": case.batch / s for name, s in seconds.items()},
        "at_once_to_step_by_step": seconds["step_by_step"] / seconds["at_once"],
    }
    print(
        f"{record['vocabulary']:>5} tokens  batch {case.batch:>2}  training step  "
        f"at once {record['at_once_sentences_a_second']:>6.0f}/s  "
        f"step by step {record['step_by_step_sentences_a_second']:>6.0f}/s  "
        f"at once/step by step {record['at_once_to_step_by_step']:.2f}",
        flush=True,
    )
    return record


def line(record: dict) -> str:
    """Returns a record as one line of the table."""
    text = f"{record['vocabulary']:>5} tokens  batch {record['batch']:>2}  {record['strategy']:<8}"
    for name in ("graph", "compiled", "torch"):
        if f"{name}_sentences_a_second" in record:
            text += f"{name} {record[f'{name}_sentences_a_second']:>8.0f}/s  "
    for name in ("graph", "compiled"):
        if f"{name}_to_torch" in record:
            text += f"{name}/torch {record[f'{name}_to_torch']:.2f}  "
    return text


def main() -> None:
    """Reads the command line, measures, prints, and writes the file that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", default="torch", help="torch, or an empty string for none")
    parser.add_argument("--rounds", type=int, default=20, help="timed rounds of each contender")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="for all contenders")
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--json", metavar="FILE", help="where to write the records")
    parser.add_argument("--csv", metavar="FOLDER", help="write rows, e.g. to benchmarks/results")
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    peers = [peer for peer in arguments.peers.split(",") if peer]
    versions = {"tensorflow": tf.__version__}
    if unknown := set(peers) - {"torch"}:
        parser.error(f"unknown peer {', '.join(sorted(unknown))}; known: torch")
    if "torch" in peers:
        try:
            import torch
        except ModuleNotFoundError:
            parser.error(
                "torch is not installed; install the extra 'benchmark', or leave the peer out "
                'with --peers ""'
            )
        torch.set_num_threads(arguments.threads)
        versions["torch"] = torch.__version__
    records = rows(peers, arguments.rounds, CLOCKS[arguments.clock])
    for name in ("graph", "compiled"):
        ratios = [record[f"{name}_to_torch"] for record in records if f"{name}_to_torch" in record]
        if ratios:
            print(f"{name}/torch: geometric mean {statistics.geometric_mean(ratios):.2f}, "
                  f"least {min(ratios):.2f}")  # fmt: skip
    records.append(training_row(arguments.rounds, CLOCKS[arguments.clock]))
    if arguments.csv:
        write_csv(Path(arguments.csv) / file_name("decoding", "float32"), records)
    if arguments.json:
        about = {
            "processor": platform.processor() or platform.machine(),
            "threads": arguments.threads,
            "clock": arguments.clock,
            "rounds": arguments.rounds,
            "precision": "float32",
            "versions": versions,
        }
        document = json.dumps({"about": about, "records": records}, indent=2)
        Path(arguments.json).write_text(document + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
