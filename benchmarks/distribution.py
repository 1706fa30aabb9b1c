"""What several workers cost, measured here, and what they would cost elsewhere, calculated.

`python -m benchmarks.distribution` times a training step of an attention model of g2p's size by
one process and by two on this machine at one global batch, and the exchange of gradients alone.
From that it calculates steps on up to 64 workers over networks of several speeds.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

from benchmarks.turns import hardware

BATCH = 128
EMBEDDING_DIM = 128
WORKERS = (1, 2, 4, 8, 16, 32, 64)
GIGABITS = (1, 10, 100)
# Of a hop over TCP inside a data centre, kernel and gRPC included.
HOP_SECONDS = 50e-6


def communication_seconds(
    workers: int,
    gradient_bytes: float,
    gathered_bytes: float,
    gigabits: float,
    collectives: int,
    hop: float = HOP_SECONDS,
) -> float:
    """Returns the time that a step's collectives take by a ring.

    In a ring of n, each worker sends 2 (n - 1) pieces of an n-th of what is summed, one after the
    other (Patarasuk & Yuan 2009), and n - 1 whole pieces of what is gathered:
    t = 2 (n-1)/n S/B + (n-1) G/B + 2 (n-1) k L.

    Args:
        workers: n.
        gradient_bytes: S, of all gradients that are summed.
        gathered_bytes: G, of the rows of embeddings that a worker's part of the batch reads: the
            gradients of these TensorFlow gathers, so that every worker gets all of them.
        gigabits: B, what a worker can send a second, in Gbit.
        collectives: k, a step.
        hop: L, seconds from one worker to the next.
    """
    bandwidth = gigabits * 1e9 / 8
    summed = 2 * (workers - 1) / workers * gradient_bytes / bandwidth
    gathered = (workers - 1) * gathered_bytes / bandwidth
    return summed + gathered + 2 * (workers - 1) * collectives * hop


def scaling(
    compute: float, gradient_bytes: float, gathered_bytes: float, collectives: int, gigabits: float
) -> list[dict[str, float]]:
    """Returns a row for each number of workers; each worker's part of the batch stays the same.

    Args:
        compute: Seconds of a step of one worker alone.
        gradient_bytes, gathered_bytes, collectives, gigabits: the same as for
            `communication_seconds`.
    """
    rows = []
    for workers in WORKERS:
        wait = communication_seconds(workers, gradient_bytes, gathered_bytes, gigabits, collectives)
        rows.append(
            {
                "workers": workers,
                "step_ms": 1000 * (compute + wait),
                "communication_ms": 1000 * wait,
                "speed_up": workers * compute / (compute + wait),
                "efficiency": compute / (compute + wait),
            }
        )
    return rows


# One worker, in a process of its own ------------------------------------------------------------


def measure(steps: int, batch_size: int) -> dict[str, float]:
    """Times a training step, and its collectives alone, as the worker of TF_CONFIG."""
    from zoo import training

    strategy = training.place()
    import keras
    import numpy as np
    import tensorflow as tf

    import zoo

    random = np.random.default_rng(0)
    lengths = random.integers(4, 12, 4 * batch_size)
    columns = {
        name: training.ragged([random.integers(4, 30, n).tolist() for n in lengths])
        for name in ("source", "target")
    }

    def features(columns):
        source, target = columns["source"], columns["target"]
        given = {
            "source": source.to_tensor(),
            "source_length": tf.cast(source.row_lengths(), tf.int32),
            "target": target.to_tensor(),
        }
        return given, {"logits": target.to_tensor()}

    distribution = training.Distribution(strategy)
    with distribution.scope():
        model = zoo.build(
            "attention_n_to_m",
            source_vocabulary_size=30,
            target_vocabulary_size=45,
            units=256,
            embedding_dim=EMBEDDING_DIM,
            encoder_layers=2,
            attention_units=128,
        )
        trained = distribution.replicated(
            keras.Model(model.input, {"logits": model.output["logits"]})
        )
        trained.compile(
            optimizer=training.optimizer(1e-3, 1000, clip_norm=2.0),
            loss={"logits": training.token_cross_entropy()},
        )
        trained.optimizer.build(trained.trainable_variables)
        taken, busy = [], []

        class Clock(keras.callbacks.Callback):
            def on_train_batch_begin(self, batch, logs=None):
                self.began = time.perf_counter(), time.process_time()

            def on_train_batch_end(self, batch, logs=None):
                # The loss is there when the step is done.
                float(logs["loss"])
                taken.append(time.perf_counter() - self.began[0])
                busy.append(time.process_time() - self.began[1])

        plan = training.BatchPlan(lengths, batch_size)
        stream = distribution.training_stream(plan, columns, features)
        trained.fit(
            stream, steps_per_epoch=steps + 3, verbose=0, shuffle=False, callbacks=[Clock()]
        )
        found = {
            "step": statistics.median(taken[3:]),
            "best": min(taken[3:]),
            "cpu": statistics.median(busy[3:]),
            "weights": int(model.count_params()),
            # Source and target, padded.
            "gathered": 2 * 4 * EMBEDDING_DIM * batch_size * int(lengths.max()),
        }
        if strategy is not None:
            found |= _exchange(strategy, trained, next(iter(stream)), steps)
    return found


def _exchange(strategy, trained, batch, steps: int) -> dict[str, float]:
    """Times the sum of all gradients over the workers alone; counts the collectives of a step."""
    import tensorflow as tf

    def summed():
        context = tf.distribute.get_replica_context()
        pack = [tf.ones(v.shape) for v in trained.trainable_variables]
        return context.all_reduce(tf.distribute.ReduceOp.SUM, pack)[-1]

    alone = tf.function(lambda: strategy.run(summed))
    taken = []
    for _ in range(steps + 3):
        began = time.perf_counter()
        tf.nest.map_structure(lambda value: value.numpy(), alone())
        taken.append(time.perf_counter() - began)
    whole = tf.function(lambda batch: strategy.run(trained.train_step, args=(batch,)))
    graph = whole.get_concrete_function(batch).graph.as_graph_def()
    nodes = [
        *graph.node,
        *(node for function in graph.library.function for node in function.node_def),
    ]
    collectives = sum(node.op.startswith("Collective") and "Init" not in node.op for node in nodes)
    return {"exchange": min(taken[3:]), "collectives": collectives}


# All of them -------------------------------------------------------------------------------------


def start(workers: int, threads: int, steps: int, batch_size: int) -> list[dict[str, float]]:
    """Measures in that many processes at once and returns what each found."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(workers)]
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    command = [sys.executable, "-m", "benchmarks.distribution", "--worker"]
    command += ["--steps", str(steps), "--batch-size", str(batch_size)]
    crew = []
    for index in range(workers):
        task = {"type": "worker", "index": index}
        config = {"cluster": {"worker": addresses}, "task": task} if workers > 1 else {}
        environment = {
            **os.environ,
            "TF_NUM_INTRAOP_THREADS": str(threads),
            "TF_NUM_INTEROP_THREADS": str(threads),
            "TF_CONFIG": json.dumps(config),
        }
        crew.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
    found = []
    for process in crew:
        out, _ = process.communicate()
        if process.returncode:
            sys.exit(f"a worker ended with exit code {process.returncode}")
        found.append(json.loads(out.strip().splitlines()[-1]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--batch-size", type=int, default=BATCH, help="of all workers together")
    parser.add_argument("--step-ms", type=float, help="calculate only, from a step of one worker")
    parser.add_argument("--weights", type=float, help="with --step-ms: of the model")
    parser.add_argument("--gathered-mb", type=float, default=0.0, help="with --step-ms: see G")
    parser.add_argument("--collectives", type=int, default=12, help="with --step-ms: of a step")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        print(json.dumps(measure(given.steps, given.batch_size)), flush=True)
        # TensorFlow would wait for the other workers.
        os._exit(0)
    if given.step_ms:
        if not given.weights:
            parser.error("--step-ms needs --weights")
        gathered = 1e6 * given.gathered_mb
        return show_scaling(given.step_ms / 1000, 4 * given.weights, gathered, given.collectives)
    cores = os.cpu_count() or 1
    half = max(1, cores // 2)
    print(json.dumps(hardware()))
    print(f"global batch {given.batch_size}, {given.steps} steps: median, best, and the median of")
    print("the processor time of each process, which other work on the machine moves least")
    print("processes  threads each  step ms  best ms  cpu ms each  best exchange alone ms")
    rows = {}
    for workers, threads in ((1, cores), (1, half), (2, half)):
        found = start(workers, threads, given.steps, given.batch_size)[0]
        rows[workers, threads] = found
        exchange = f"{1000 * found['exchange']:.1f}" if "exchange" in found else "-"
        print(
            f"{workers:9}  {threads:12}  {1000 * found['step']:7.1f}  {1000 * found['best']:7.1f}  "
            f"{1000 * found['cpu']:11.1f}  {exchange:>22}",
            flush=True,
        )
    two, one = rows[2, half], rows[1, half]
    print(
        f"{two['collectives']} collectives a step, {4 * two['weights'] / 1e6:.1f} MB of gradients"
    )
    # One thread's wall time is its processor time, but for what else the machine does.
    compute = min(one["best"], one["cpu"])
    show_scaling(compute, 4 * two["weights"], one["gathered"], two["collectives"])


def show_scaling(
    compute: float, gradient_bytes: float, gathered_bytes: float, collectives: int
) -> None:
    """Prints the calculation."""
    print(
        f"\ncalculated: each worker {1000 * compute:.1f} ms a step alone, "
        f"{gradient_bytes / 1e6:.1f} MB of gradients summed and {gathered_bytes / 1e6:.1f} MB of "
        f"each worker gathered, {collectives} collectives by a ring, "
        f"{HOP_SECONDS * 1e6:.0f} us a hop, nothing overlaps; the batch grows with the workers"
    )
    print("Gbit/s  workers  step ms  communication ms  speed-up  efficiency")
    for gigabits in GIGABITS:
        for row in scaling(compute, gradient_bytes, gathered_bytes, collectives, gigabits):
            print(
                f"{gigabits:6}  {row['workers']:7}  {row['step_ms']:7.1f}  "
                f"{row['communication_ms']:16.1f}  {row['speed_up']:8.1f}  {row['efficiency']:9.0%}"
            )


if __name__ == "__main__":
    main()
