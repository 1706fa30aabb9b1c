"""Tuning a recipe: every trial is a run of it, in a run folder of its own."""

import contextlib
import dataclasses
import math
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from recipes.recipe import REGISTRY, Recipe, TrainingSettings
from recipes.settings import replace
from recipes.workbench.run import EVALUATION_BATCH, Run, compiled
from zoo import training
from zoo.errors import InputError
from zoo.references.checksum import digest
from zoo.training.run_folder import RunFolder
from zoo.tuning.folder import SearchFolder
from zoo.tuning.parameter import check_space
from zoo.tuning.picture import draw
from zoo.tuning.plan import Plan
from zoo.tuning.report import Report, best
from zoo.tuning.search import join, lead, search
from zoo.tuning.trial import Outcome, Trial, TrialFailedError

DEFAULT_TRIALS = 20
DEFAULT_STOP_AFTER = 5
DEFAULT_LEASE = 60.0
# What a trial is judged by, the first that the recipe's training measures; less is better.
MEASURES = ("val_nats", "val_loss")


@dataclasses.dataclass(frozen=True)
class Tuned:
    """What a search found.

    Attributes:
        folder: Where everything is.
        plan: What was searched.
        outcomes: What became of each trial.
    """

    folder: SearchFolder
    plan: Plan
    outcomes: list[Outcome]

    @property
    def best(self) -> Outcome | None:
        """The best trial, or None where no trial has a score."""
        return best(self.outcomes, self.plan)

    @property
    def settings(self) -> dict[str, Any]:
        """The best settings, as `fit` takes them: the varied ones, and those that were set."""
        return {**self.plan.fixed, **(self.best.values if self.best else {})}


def tune(
    recipe: Recipe,
    run_dir: Path | None = None,
    *,
    tuner: str = "random",
    trials: int | None = None,
    minutes: float | None = None,
    workers: int = 1,
    data: Path | None = None,
    epochs: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    stop_after: int = DEFAULT_STOP_AFTER,
    lease: float = DEFAULT_LEASE,
    resume: bool = False,
    say: Callable[[str], None] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Tuned:
    """Searches the recipe's space for the settings with the best validation measure.

    The first trial has the recipe's own settings, so that the best is never worse than they are.

    Args:
        recipe: What to tune.
        run_dir: Defaults to runs/<recipe>-tuning.
        tuner: "random", "bayesian", or "hyperband" (Li et al. 2018), which gives many trials a
            part of the length, the best third of them three times as much, and so on.
        trials: How many at most. Defaults to 20 where there is no time budget; for Hyperband, to
            one sweep.
        minutes: The time budget: what is being trained then ends within a step, and can go on.
        workers: processes that run trials. 1: this one; more: as many beside it, so that one that
            runs out of memory does not end the search.
        data: Your own file in place of the public data.
        epochs, steps: The full length of a trial; defaults to the recipe's epochs.
        seed: seed of the drawing, and of every trial's weights and batches.
        stop_after: Rounds (of the recipe's round_steps, or one epoch) without a better
            validation measure that end a trial.
        lease: Seconds of silence after which a worker's trial is given to another.
        resume: Goes on with the search in the folder: with its own settings, data, tuner, seed
            and lengths; `trials` and `minutes` may be new.
        say: Is given lines to show.
        settings: Changes to the recipe's settings, the same in every trial.

    Raises:
        InputError: anything above cannot be used, or every trial failed.
    """
    folder = SearchFolder(run_dir or Path("runs") / f"{recipe.name}-tuning")
    if resume:
        plan = _resumed(recipe, folder, trials, minutes)
    else:
        if folder.plan.is_file():
            folder.create()
        plan = _planned(recipe, tuner, trials, minutes, data, epochs, steps, seed, settings or {})
        plan.about["stop_after"] = stop_after
    plan.set_minutes(minutes)
    address, as_chief = _role()
    if workers > 1 or as_chief:
        # The chief trains nothing: the memory of the devices is for the workers.
        _leave_devices_alone()
    run_trial = RecipeTrial(plan)
    run_trial.check()
    _same_data(run_trial.data, plan, folder)
    report = Report(folder, plan, f"{plan.tuner} search of {recipe.name}", say)
    try:
        if as_chief:
            outcomes = lead(plan, folder, report, address, lease=lease)
        elif workers > 1:
            command = [sys.executable, "-m", "zoo", "tune", recipe.name, "--run-dir", folder.path]
            command += ["--lease", lease]
            environments = _environments(workers)
            outcomes = lead(
                plan, folder, report, "127.0.0.1:0", list(map(str, command)), environments, lease
            )
        else:
            outcomes = search(run_trial, plan, folder, report)
    except KeyboardInterrupt:
        # Who interrupts a search because it is good enough wants to see it as well.
        _draw(folder, plan, say)
        raise
    _draw(folder, plan, say)
    return Tuned(folder, plan, outcomes)


def _draw(folder: SearchFolder, plan: Plan, say: Callable[[str], None] | None) -> None:
    try:
        draw(folder.outcomes.all(), plan, folder.picture)
    except InputError as error:
        if say:
            say(f"no picture: {error}")


def work(recipe: Recipe, run_dir: Path | None = None, lease: float = DEFAULT_LEASE) -> None:
    """Runs trials for the chief that Keras Tuner's environment variables name."""
    folder = SearchFolder(run_dir or Path("runs") / f"{recipe.name}-tuning")

    def make(plan: Plan) -> RecipeTrial:
        _same_recipe(recipe, plan, folder)
        return RecipeTrial(plan)

    join(make, folder, lease)


def is_worker() -> bool:
    """Whether Keras Tuner's environment variables make this process a worker of some chief."""
    return "chief" not in os.environ.get("KERASTUNER_TUNER_ID", "chief")


def _role() -> tuple[str, bool]:
    if not {"KERASTUNER_ORACLE_IP", "KERASTUNER_TUNER_ID"} & set(os.environ):
        return "", False
    if "KERASTUNER_TUNER_ID" not in os.environ:
        raise InputError(
            "KERASTUNER_ORACLE_IP is set, but KERASTUNER_TUNER_ID is not; expected a name that "
            "holds 'chief' for the chief, another one for each worker"
        )
    from zoo.tuning.engine import chief_address

    return chief_address(), True


def _planned(recipe, tuner, trials, minutes, data, epochs, steps, seed, settings) -> Plan:
    base = replace(recipe.settings, settings)
    varied = {parameter.name for parameter in recipe.search_space}
    if clash := sorted(varied & set(settings)):
        raise InputError(
            f"setting {clash[0]!r} is varied by the search of recipe {recipe.name!r}; leave it out"
        )
    if "epochs" in settings and epochs is None:
        epochs = base.epochs
    full = epochs if epochs is not None else base.epochs
    check_space(recipe.search_space, dataclasses.asdict(base))
    if trials is None and minutes is None and tuner != "hyperband":
        trials = DEFAULT_TRIALS
    return Plan(
        space=recipe.search_space,
        tuner=tuner,
        trials=trials,
        seed=seed,
        lower_is_better=True,
        defaults={name: getattr(base, name) for name in varied},
        fixed={name: getattr(base, name) for name in settings},
        # The shortest trial has an epoch or more, where there are that many.
        halvings=2 if steps else min(3, max(1, int(math.log(max(full, 1), 3) + 1e-9))),
        about={
            "recipe": recipe.name,
            "data": str(data.resolve()) if data else None,
            "epochs": epochs,
            "steps": steps,
        },
    )


def _resumed(
    recipe: Recipe, folder: SearchFolder, trials: int | None, minutes: float | None
) -> Plan:
    plan = Plan.read(folder.plan)
    _same_recipe(recipe, plan, folder)
    if trials is None and plan.trials is None and minutes is None and plan.deadline is not None:
        raise InputError(
            f"{folder.path}: the time budget of this search has ended; give it --minutes more, or "
            f"--trials"
        )
    return plan if trials is None else dataclasses.replace(plan, trials=trials)


def _same_recipe(recipe: Recipe, plan: Plan, folder: SearchFolder) -> None:
    if plan.about["recipe"] != recipe.name:
        raise InputError(
            f"{folder.path}: is a search of recipe {plan.about['recipe']!r}, not of "
            f"{recipe.name!r}; give another --run-dir"
        )


def _same_data(data: Path | None, plan: Plan, folder: SearchFolder) -> None:
    if data is None:
        return
    now = digest(data)
    if plan.about.setdefault("data_sha256", now) != now:
        raise InputError(
            f"{data}: has changed since the search in {folder.path} was started; put it back as it "
            f"was, or start a new search in another --run-dir"
        )


def _leave_devices_alone() -> None:
    # Too late where TensorFlow has started already: then the memory is taken anyway.
    with contextlib.suppress(RuntimeError):
        tf.config.set_visible_devices([], "GPU")


def _environments(workers: int) -> list[dict[str, str]]:
    """Shares devices and cores among the workers, as far as the person has not."""
    found = []
    gpus = tf.config.list_physical_devices("GPU")
    for worker in range(workers):
        chosen = {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}
        if len(gpus) > 1:
            chosen["CUDA_VISIBLE_DEVICES"] = str(worker % len(gpus))
        if workers > 1:
            cores = max(1, (os.cpu_count() or 1) // workers)
            chosen["TF_NUM_INTRAOP_THREADS"] = chosen["TF_NUM_INTEROP_THREADS"] = str(cores)
        found.append({name: value for name, value in chosen.items() if name not in os.environ})
    return found


class RecipeTrial:
    """Trains a recipe with the values of a trial, in the trial's run folder.

    Args:
        plan: plan of the search; `about` holds the recipe, the data and the lengths.
    """

    def __init__(self, plan: Plan):
        about = plan.about
        self.recipe: Recipe = REGISTRY.get(about["recipe"])
        self.base = replace(self.recipe.settings, plan.fixed)
        self.data = Path(about["data"]) if about["data"] else None
        self.epochs, self.steps = about["epochs"], about["steps"]
        self.seed, self.stop_after = plan.seed, about["stop_after"]

    def check(self) -> None:
        """Raises `InputError` for data that no trial could use, before any is started."""
        self.recipe.examples(self.base, self.data, "validation")
        self.recipe.prepared(self.base, self.data)

    def settings(self, values: Mapping[str, Any], share: float = 1.0) -> TrainingSettings:
        """Returns the settings of a trial."""
        epochs = (self.epochs or self.base.epochs) * share
        # Epochs that were given are meant; the recipe's own last as long as its least steps.
        least = 0 if self.epochs else round(self.base.least_steps * share)
        return replace(self.base, {**values, "epochs": epochs, "least_steps": least})

    def __call__(self, trial: Trial) -> float:
        """Runs the trial; one that was interrupted goes on from its newest checkpoint."""
        folder = RunFolder(trial.folder)
        goes_on = folder.exists() and bool(folder.checkpoints.steps())
        with _printing_to(trial.log):
            if goes_on:
                run = Run.open(trial.folder)
            else:
                # An earlier attempt may have been killed while it made the folder.
                shutil.rmtree(trial.folder, ignore_errors=True)
                steps = max(1, round(self.steps * trial.share)) if self.steps else None
                settings = self.settings(trial.values, trial.share)
                run = Run.start(self.recipe, trial.folder, settings, self.seed, self.data, steps)
            watch = Watch(trial, measure_of(self.recipe), self.stop_after)
            if goes_on:
                last = folder.checkpoints.steps()[-1]
                watch.look_back([row for row in folder.read_history() if row["step"] <= last])
            keras.backend.clear_session()
            try:
                run.fit(
                    resume=goes_on,
                    say=lambda line: print(line, file=sys.stderr, flush=True),
                    callbacks=(watch,),
                )
            except training.DivergedError as error:
                raise TrialFailedError(f"diverged: {error.what} at step {error.step}") from error
            finally:
                keras.backend.clear_session()
        return watch.best


def measure_of(recipe: Recipe) -> tuple[str, ...]:
    """Returns the validation measures that a trial is judged by, the first one that is there."""
    return (recipe.tuning_measure,) if recipe.tuning_measure else MEASURES


class Watch(keras.callbacks.Callback):
    """Reports a trial's validation measure after each round, and ends a trial that is not worth
    going on with.

    Args:
        trial: The trial.
        measures: Names in the logs; the first one that is there counts. Less is better.
        stop_after: Rounds without a better one that end the trial.
    """

    def __init__(self, trial: Trial, measures: tuple[str, ...], stop_after: int):
        super().__init__()
        self.trial, self.measures, self.stop_after = trial, measures, stop_after
        self.values: list[float] = []

    @property
    def best(self) -> float:
        """The best value so far."""
        if not self.values:
            raise TrialFailedError("training ended before its first validation")
        return min(self.values)

    def look_back(self, rows: list[dict[str, float]]) -> None:
        """Takes the rounds of an earlier attempt into account."""
        for row in rows:
            # One that was interrupted has not been validated.
            if any(name in row for name in self.measures):
                self.values.append(self._value(row))

    def on_train_batch_end(self, batch, logs=None):
        self.trial.may_go_on()

    def on_epoch_end(self, epoch, logs=None):
        value = self._value(logs or {})
        self.values.append(value)
        self.trial.report(value, measure=self._name(logs), round=len(self.values))
        if len(self.values) - self.values.index(self.best) > self.stop_after:
            self.model.stop_training = True

    def _name(self, logs: Mapping[str, Any]) -> str:
        for name in self.measures:
            if name in logs:
                return name
        raise TrialFailedError(
            f"no validation measure to judge by: expected {' or '.join(self.measures)}, "
            f"found {', '.join(logs)}"
        )

    def _value(self, logs: Mapping[str, Any]) -> float:
        return float(logs[self._name(logs)])


@contextlib.contextmanager
def _printing_to(path: Path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        open(path, "a", encoding="utf-8") as log,
        contextlib.redirect_stderr(log),
        contextlib.redirect_stdout(log),
    ):
        yield


def hypermodel(recipe: Recipe, data: Path | None = None, **settings: Any):
    """Returns the recipe as a `keras_tuner.HyperModel`, for anyone's own Keras Tuner code.

    `build(hp)` declares the recipe's search space and returns its model, compiled; `fit(hp, model)`
    trains it on the recipe's data, validated, for the settings' epochs or those that it is given.

    Args:
        recipe: What to tune.
        data: Your own file in place of the public data.
        **settings: Changes to the recipe's settings, the same in every trial.

    Raises:
        InputError: Keras Tuner is missing, or a setting or the data cannot be used.

    Example:

    ```python
    import keras_tuner, recipes
    from recipes.workbench.tuning import hypermodel

    tuner = keras_tuner.RandomSearch(
        hypermodel(recipes.get("g2p").recipe),
        objective=keras_tuner.Objective("val_nats", "min"), max_trials=5,
    )
    tuner.search(epochs=3)
    ```
    """
    from zoo.tuning.engine import HyperModel, declare

    base = replace(recipe.settings, settings)

    class RecipeHyperModel(HyperModel):
        def _settings(self, hp):
            return replace(base, declare(hp, recipe.search_space, dataclasses.asdict(base)))

        def _data(self, chosen):
            train, assets = recipe.prepared(chosen, data)
            columns, lengths = recipe.columns(assets, train)
            plan = recipe.plan(chosen, lengths, 0)
            return assets, columns, plan

        def build(self, hp):
            chosen = self._settings(hp)
            assets, _, plan = self._data(chosen)
            total = chosen.total_steps(plan.steps_per_epoch)
            return compiled(recipe, chosen, assets, total)[1]

        def fit(self, hp, model, *args, **kwargs):
            if args:
                return model.fit(*args, **kwargs)
            chosen = self._settings(hp)
            assets, columns, plan = self._data(chosen)
            columns_held_out, lengths = recipe.columns(
                assets, recipe.examples(chosen, data, "validation")
            )
            # Until the next epoch begins: what the tuner saves are the weights that were measured.
            swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
            averaged = [swap] if model.optimizer.use_ema else []
            given = {
                "epochs": math.ceil(
                    chosen.total_steps(plan.steps_per_epoch) / plan.steps_per_epoch
                ),
                "verbose": 0,
                "validation_data": training.evaluation_batches(
                    columns_held_out, recipe.features, lengths, EVALUATION_BATCH
                ),
                **kwargs,
                "callbacks": [*averaged, *kwargs.get("callbacks", ())],
            }
            start = given.get("initial_epoch", 0) * plan.steps_per_epoch
            stream = training.training_stream(plan, columns, recipe.features, start)
            return model.fit(stream, steps_per_epoch=plan.steps_per_epoch, shuffle=False, **given)

    return RecipeHyperModel(name=recipe.name)
