"""Keras Tuner: the only module of the zoo that imports it.

What the zoo takes from it are its oracles, which draw the values of the next trial, and their
service over gRPC. What it does not take: the loop around them, their files (several, not written
whole), and the chief's waiting.
"""

import dataclasses
import json
import os
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent import futures
from pathlib import Path
from typing import Any

from zoo.errors import InputError
from zoo.files import write_atomically
from zoo.tuning.parameter import Parameter
from zoo.tuning.plan import Plan

try:
    import grpc
    import keras_tuner
    import tensorboard.plugins.hparams  # noqa: F401  (without it every one of its trials fails)
    from keras_tuner.src import protos
    from keras_tuner.src.distribute import oracle_chief, oracle_client
    from keras_tuner.src.engine.trial import Trial, TrialStatus
except ImportError as error:
    raise InputError(
        f"tuning needs Keras Tuner and TensorBoard ({error}): pip install rnn-zoo[tune]"
    ) from None

HyperModel = keras_tuner.HyperModel
HyperParameters = keras_tuner.HyperParameters
SCORE = "score"


def declare(
    hp: keras_tuner.HyperParameters, space: Sequence[Parameter], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Declares a search space and returns the values that are set for it.

    Args:
        hp: Keras Tuner's hyperparameters.
        space: What varies.
        defaults: The value of each where none is set; used where it lies in the space.
    """
    values = {}
    for parameter in space:
        has_default = parameter.name in defaults and defaults[parameter.name] in parameter
        default = defaults[parameter.name] if has_default else None
        if parameter.choices:
            # Keras Tuner takes values of one type only, and turns True into 1: all that is not a
            # plain number goes by its text.
            by_key = {_key(parameter, choice): choice for choice in parameter.choices}
            key = _key(parameter, default) if has_default else None
            values[parameter.name] = by_key[hp.Choice(parameter.name, list(by_key), default=key)]
        else:
            draw = hp.Int if parameter.whole else hp.Float
            drawn = draw(
                parameter.name,
                parameter.low,
                parameter.high,
                sampling="log" if parameter.log else "linear",
                default=default,
            )
            values[parameter.name] = parameter.rounded(drawn)
    return values


def _key(parameter: Parameter, choice: Any) -> Any:
    kinds = {type(value) for value in parameter.choices}
    return choice if kinds in ({int}, {float}) else str(choice)


class _Durable:
    """What the zoo adds to each of Keras Tuner's oracles.

    A budget of trials and time; the defaults as the first trial; trials that are handed back; and
    one file of state that is written whole or not at all.
    """

    def follow(self, plan: Plan, state: Path) -> None:
        """Takes the plan, and goes on from the state where there is one."""
        self.plan, self.state_file = plan, state
        # Nothing may be raised inside Keras Tuner's locked methods: it would keep the lock.
        self.trouble: Exception | None = None
        self.has_stopped = False
        self.verbose = 0
        if state.is_file():
            self.reload()

    @property
    def is_over(self) -> bool:
        """Whether no trial is being run and none will be."""
        if self.ongoing_trials:
            return False
        return self.plan.time_is_up or (self.has_stopped and not self._retry_queue)

    @keras_tuner.synchronized
    def create_trial(self, tuner_id):
        if self.plan.time_is_up or self.trouble:
            return Trial(self.hyperparameters.copy(), "", TrialStatus.STOPPED)
        return super().create_trial(tuner_id)

    def populate_space(self, trial_id):
        response = {"status": TrialStatus.STOPPED, "values": None}
        if self.plan.trials is None or len(self.trials) < self.plan.trials:
            try:
                response = super().populate_space(trial_id)
            except Exception as error:
                self.trouble = error
        if response["status"] == TrialStatus.STOPPED and self.ongoing_trials:
            # The worker's name is kept: a worker may die, and its trial goes to another.
            return {"status": TrialStatus.IDLE, "values": None}
        self.has_stopped = response["status"] == TrialStatus.STOPPED
        return response

    def _random_values(self):
        if not self.trials:
            hp = HyperParameters()
            declare(hp, self.plan.space, self.plan.defaults)
            return hp.values
        return super()._random_values()

    def _retry(self, trial):
        if trial.status != TrialStatus.INVALID:
            return False
        self._retry_queue.append(trial.trial_id)
        return True

    @keras_tuner.synchronized
    def end_trial(self, trial):
        # A worker that was thought dead may end a trial that another one has ended since.
        if trial.trial_id not in self.end_order:
            super().end_trial(trial)
            if trial.status != TrialStatus.INVALID and trial.trial_id in self._retry_queue:
                self._retry_queue.remove(trial.trial_id)

    @keras_tuner.synchronized
    def release(self, tuner_id: str) -> str | None:
        """Takes the trial of a worker that is gone, to give it to another; returns its id."""
        self.tuner_ids.discard(tuner_id)
        trial = self.ongoing_trials.pop(tuner_id, None)
        if trial is None or trial.trial_id in self.end_order:
            return None
        self._retry_queue.append(trial.trial_id)
        self.save()
        return trial.trial_id

    def save(self):
        trials = [trial.get_state() for trial in self.trials.values()]
        try:
            text = json.dumps({"oracle": self.get_state(), "trials": trials})
            write_atomically(self.state_file, text)
        except Exception as error:
            self.trouble = error

    def _save_trial(self, trial):
        """The trials are in the same file as everything else."""

    def reload(self):
        try:
            kept = json.loads(self.state_file.read_text(encoding="utf-8"))
            self.trials = {state["trial_id"]: Trial.from_state(state) for state in kept["trials"]}
            self.set_state(kept["oracle"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{self.state_file}: not readable: {error!r}") from error
        # What was being run when the search ended goes first, oldest first.
        self.ongoing_trials = {}
        waiting = [id for id in self.start_order if id not in self.end_order]
        self._retry_queue = waiting[::-1]


class _Random(_Durable, keras_tuner.oracles.RandomSearchOracle):
    pass


class _Bayesian(_Durable, keras_tuner.oracles.BayesianOptimizationOracle):
    def populate_space(self, trial_id):
        from threadpoolctl import threadpool_limits

        # Thousands of products of small matrices: with more threads they wait for each other and
        # for the trials (here 9 s in place of 1.3 s for six trials' values, on two busy cores).
        with threadpool_limits(1), warnings.catch_warnings():
            # That a parameter does not matter is no news for the middle of a table.
            warnings.simplefilter("ignore")
            return super().populate_space(trial_id)

    def _vector_to_values(self, vector):
        values = super()._vector_to_values(vector)
        # In a space of few points the best one would be drawn again and again.
        return (self._random_values() or values) if self._duplicate(values) else values

    def get_state(self):
        kind, keys, *rest = self._random_state.get_state()
        return {**super().get_state(), "random_state": [kind, keys.tolist(), *rest]}

    def set_state(self, state):
        super().set_state(state)
        self._random_state.set_state(state["random_state"])


class _Hyperband(_Durable, keras_tuner.oracles.HyperbandOracle):
    pass


def make_oracle(plan: Plan, state: Path):
    """Makes the oracle of a plan, or goes on with the one whose state is there."""
    hp = HyperParameters()
    declare(hp, plan.space, plan.defaults)
    settings: dict[str, Any] = {
        "objective": keras_tuner.Objective(SCORE, "min" if plan.lower_is_better else "max"),
        "hyperparameters": hp,
        # 0 would mean a random one.
        "seed": plan.seed + 1,
        "allow_new_entries": False,
        # The zoo records failures and ends the search only if there is nothing else.
        "max_consecutive_failed_trials": 10**9,
    }
    if plan.tuner == "hyperband":
        oracle = _Hyperband(
            max_epochs=plan.longest,
            factor=3,
            # Sweep after sweep as long as the budget lasts; without a budget, one.
            hyperband_iterations=1 if plan.trials is None and plan.deadline is None else None,
            **settings,
        )
    elif plan.tuner == "bayesian":
        # Random ones to start from: a third of a small budget, as many as Keras Tuner's own
        # default of three a parameter where there is room.
        first = 3 * len(plan.space)
        first = first if plan.trials is None else max(3, min(first, plan.trials // 3))
        try:
            # Keras Tuner's default of 2.6 still explores when a small budget ends: over six seeds
            # of twelve trials on a bowl of four parameters, it came to 0.19 where 1 came to 0.15
            # and random search to 0.20.
            oracle = _Bayesian(max_trials=None, num_initial_points=first, beta=1.0, **settings)
        except ImportError:
            raise InputError(
                "the bayesian tuner needs scikit-learn and SciPy: pip install scikit-learn"
            ) from None
    else:
        oracle = _Random(max_trials=None, **settings)
    oracle.follow(plan, state)
    return oracle


@dataclasses.dataclass(frozen=True)
class Suggestion:
    """The next trial to run."""

    id: str
    values: dict[str, Any]
    share: float


class Suggestions:
    """Asks an oracle, in this process or a chief's, for trials, and tells it how they went.

    Args:
        oracle: From `make_oracle`, or a client of one.
        plan: The same plan as the oracle's.
    """

    WAIT = "wait"

    def __init__(self, oracle, plan: Plan):
        self.oracle, self.plan = oracle, plan
        self._running: dict[str, Trial] = {}

    def next(self, worker: str) -> Suggestion | str | None:
        """Returns a trial to run, `WAIT` to ask again soon, or None: the search is over."""
        trial = self.oracle.create_trial(worker)
        if trial.status == TrialStatus.STOPPED:
            return None
        if trial.status == TrialStatus.IDLE:
            return self.WAIT
        self._running[trial.trial_id] = trial
        values = declare(trial.hyperparameters.copy(), self.plan.space, self.plan.defaults)
        length = trial.hyperparameters.values.get("tuner/epochs", self.plan.longest)
        return Suggestion(trial.trial_id, values, length / self.plan.longest)

    def finished(self, id: str, score: float) -> None:
        """Tells the score of a trial."""
        self.oracle.update_trial(id, {SCORE: score})
        self._end(id, TrialStatus.COMPLETED)

    def failed(self, id: str) -> None:
        """Tells that a trial has no score."""
        self._end(id, TrialStatus.FAILED)

    def hand_back(self, id: str) -> None:
        """Gives a trial back unfinished, to be given out again."""
        self._end(id, TrialStatus.INVALID)

    def is_alive(self, id: str) -> None:
        """Tells the chief that a trial is still being run."""
        self.oracle.get_trial(id)

    def _end(self, id: str, status: str) -> None:
        trial = self._running.pop(id)
        trial.status = status
        self.oracle.end_trial(trial)


class _Service(oracle_chief.OracleServicer):
    """Keras Tuner's service, which also remembers when it heard from each worker."""

    def __init__(self, oracle):
        super().__init__(oracle)
        self.heard: dict[str, float] = {}
        self.ever_heard: set[str] = set()

    def CreateTrial(self, request, context):
        self.ever_heard.add(request.tuner_id)
        self.heard[request.tuner_id] = time.monotonic()
        response = super().CreateTrial(request, context)
        if response.trial.status == protos.get_proto().TrialStatus.STOPPED:
            self.heard.pop(request.tuner_id, None)
        return response

    def GetTrial(self, request, context):
        for worker, trial in list(self.oracle.ongoing_trials.items()):
            if trial.trial_id == request.trial_id:
                self.heard[worker] = time.monotonic()
        return super().GetTrial(request, context)


class Service:
    """An oracle that answers workers over gRPC.

    Args:
        oracle: From `make_oracle`.
        address: Host and port to listen at; port 0 takes a free one.

    Raises:
        InputError: the address cannot be listened at.
    """

    def __init__(self, oracle, address: str):
        self.oracle, self._answering = oracle, _Service(oracle)
        self._server = grpc.server(
            futures.ThreadPoolExecutor(max_workers=1), options=[("grpc.so_reuseport", 0)]
        )
        protos.get_service_grpc().add_OracleServicer_to_server(self._answering, self._server)
        try:
            self.port = self._server.add_insecure_port(address)
        except RuntimeError:
            self.port = 0
        if not self.port:
            raise InputError(f"{address}: cannot be listened at; give another address or port")
        self._server.start()

    def silent(self, seconds: float) -> list[str]:
        """Returns the workers that have not been heard for some seconds and forgets them."""
        now = time.monotonic()
        heard = self._answering.heard
        for worker in list(self.oracle.ongoing_trials):
            heard.setdefault(worker, now)
        gone = [worker for worker, when in list(heard.items()) if now - when > seconds]
        for worker in gone:
            heard.pop(worker, None)
        return gone

    def has_heard(self, worker: str) -> bool:
        """Whether a worker ever asked for a trial."""
        return worker in self._answering.ever_heard

    def waiting(self) -> list[str]:
        """Returns the workers that have not been told yet that the search is over."""
        return list(self._answering.heard)

    def close(self) -> None:
        """Stops answering, after what is being answered."""
        self._server.stop(grace=1).wait()


class _Stub:
    """Calls of the service with a time limit, and an error that a person can read."""

    def __init__(self, stub, address: str, seconds: float):
        self._stub, self._address, self._seconds = stub, address, seconds

    def __getattr__(self, name: str) -> Callable:
        call = getattr(self._stub, name)

        def ask(request, **_):
            try:
                return call(request, wait_for_ready=True, timeout=self._seconds)
            except grpc.RpcError as error:
                if error.code() in (
                    grpc.StatusCode.DEADLINE_EXCEEDED,
                    grpc.StatusCode.UNAVAILABLE,
                ):
                    raise no_chief(self._address, self._seconds) from error
                raise InputError(
                    f"the chief at {self._address} failed: {error.details()}"
                ) from error

        return ask


def no_chief(address: str, seconds: float) -> InputError:
    """Makes the error of a worker that does not reach its chief."""
    return InputError(
        f"the chief at {address} cannot be reached (tried for {seconds:g} s); it must run with the "
        f"same KERASTUNER_ORACLE_PORT and be found under KERASTUNER_ORACLE_IP"
    )


def chief_address() -> str:
    """Returns host:port of the chief from Keras Tuner's environment variables."""
    names = ("KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT")
    for name in names:
        if not os.environ.get(name):
            raise InputError(f"{name} is not set; chief and workers need {' and '.join(names)}")
    return ":".join(os.environ[name] for name in names)


def connect(seconds: float):
    """Returns a client of the chief that the environment variables name.

    Args:
        seconds: How long to try, here and in every later call.

    Raises:
        InputError: the chief cannot be reached.
    """
    address = chief_address()
    # Workers find their chief directly: a proxy is for the world outside.
    channel = grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)])
    try:
        grpc.channel_ready_future(channel).result(timeout=seconds)
    except grpc.FutureTimeoutError:
        raise no_chief(address, seconds) from None
    client = oracle_client.OracleClient(None)
    client.stub = _Stub(protos.get_service_grpc().OracleStub(channel), address, seconds)
    return client
