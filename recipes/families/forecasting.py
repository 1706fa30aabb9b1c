"""What recipes of series share: windows by time, the model around the scaling, plain forecasts."""

from __future__ import annotations

import abc
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

import zoo
from recipes.baselines.forecasts import Ridge, errors, last_measured
from recipes.drawings.forecasts import draw_forecast
from recipes.metrics.answers import answered
from recipes.recipe import Assets, Recipe, Shown, TrainingSettings
from zoo.deferred import keras, tf
from zoo.errors import InputError

BATCH = 1024
# Of a file, so many of the last rows are asked with: more than any sensible window.
MOST_ROWS = 4096


@dataclasses.dataclass(frozen=True)
class ForecastSettings(TrainingSettings):
    """The settings that recipes of series have beside those of every recipe."""

    # Rows that a forecast reads, and rows that it says.
    window: int = 48
    horizon: int = 24
    # "n_to_one": all horizons from the last state; "n_to_m": a decoder, a step a horizon.
    form: str = "n_to_one"
    units: int = 64
    cell: str = "lstm"
    num_layers: int = 1
    rows_per_step: int = 1
    dropout: float = 0.2
    # Of the linear part that training starts from, which is also the linear model to beat.
    ridge_penalty: float = 1e-3
    # Whether the linear part goes on learning, or the network alone learns what it leaves over.
    train_linear: bool = False
    # Of errors that are measured, at each horizon, in the linear model's: an hour ahead counts as
    # much as a day, whose errors are many times larger.
    loss: str = "squared"
    huber_delta: float = 1.0
    # Of the rows, in the order of time: for validation, and after them for the test. It goes for a
    # person's own data; the public data is cut at dates.
    validation_share: float = 0.15
    test_share: float = 0.15


@dataclasses.dataclass(frozen=True, eq=False)
class TimeSeries:
    """Rows at even distances in time.

    Args:
        columns: [rows] by name; numbers with nan where nothing was measured, or words' numbers.
        times: datetime64 [rows].
        path: Where it was read from.
    """

    columns: dict[str, np.ndarray]
    times: np.ndarray
    path: Path


@dataclasses.dataclass(frozen=True, eq=False)
class Window:
    """What is known at a time, and what came after.

    Args:
        series: Where it is cut from.
        end: The row after the last known one.
        window: How many rows are known.
        horizon: How many rows are asked for; the series may end before.
    """

    series: TimeSeries
    end: int
    window: int
    horizon: int

    def past(self, name: str) -> np.ndarray:
        """Returns a column's known rows, [window]."""
        return self.series.columns[name][self.end - self.window : self.end]

    def truth(self, name: str) -> np.ndarray:
        """Returns a column's rows after the known ones, [horizon]; nan where there are none."""
        rows = self.series.columns[name][self.end : self.end + self.horizon]
        return np.pad(rows.astype("float32"), [0, self.horizon - len(rows)], constant_values=np.nan)

    @property
    def time(self) -> np.datetime64:
        """The time of the last known row."""
        return self.series.times[self.end - 1]


@dataclasses.dataclass(frozen=True, eq=False)
class ForecastAssets(Assets):
    """What is known of the training data alone: the scale of each number, and a linear model.

    Args:
        means, deviations: means and deviations of each number, by name.
        kernel, bias: The linear model's, [D, M] and [M].
        spread: Its root mean squared error at each horizon, in deviations of the series, [M].
        lowest: what no forecast is below: 0 where the training data has no negative number; None:
            no bound.
    """

    means: dict[str, float]
    deviations: dict[str, float]
    kernel: np.ndarray
    bias: np.ndarray
    spread: np.ndarray
    lowest: float | None = None

    def save(self, folder: Path) -> None:
        plain = {"means": self.means, "deviations": self.deviations, "lowest": self.lowest}
        (folder / "scale.json").write_text(json.dumps(plain), encoding="utf-8")
        linear = {"kernel": self.kernel, "bias": self.bias, "spread": self.spread}
        np.savez(folder / "linear.npz", **linear)

    @classmethod
    def load(cls, folder: Path) -> ForecastAssets:
        plain = json.loads((folder / "scale.json").read_text(encoding="utf-8"))
        with np.load(folder / "linear.npz") as linear:
            # What was saved before there were negative series has none.
            return cls(**{"lowest": 0.0, **plain}, **linear)


class ForecastRecipe(Recipe):
    """A recipe that forecasts one column of a series; a subclass says what is read of it.

    Attributes:
        series: The column that is forecast.
        numbers: The columns of numbers, the series first.
        step: The time from a row to the next, in words.
        unit: unit of the series.
    """

    series: ClassVar[str]
    numbers: ClassVar[tuple[str, ...]]
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    step: ClassVar[str]
    unit: ClassVar[str]
    metric = "rmse"
    lower_is_better = True
    # The loss is of another kind, or in other units, wherever a trial's settings ask for it.
    tuning_measure = "val_forecast_rmse"
    assets = ForecastAssets
    # Not one input but many: `inputs` makes them.

    @abc.abstractmethod
    def read_series(self, path: Path) -> TimeSeries:
        """Reads a file: the public one, or a person's own."""

    def more_past(self, given: Mapping[str, Any]) -> list:
        """Returns features [B, window, D] beside the numbers, of the columns that are no numbers.

        Args:
            given: The model's inputs by name, [B, window] each.
        """
        return []

    def future(self, given: Mapping[str, Any], horizon: int) -> Any:
        """Returns what is known of the future, [B, horizon, D], or None."""
        return None

    def more_baselines(self, past: np.ndarray, horizon: int) -> dict[str, np.ndarray]:
        """Returns other plain forecasts [rows, horizon] by name, of the past [rows, known]."""
        return {}

    def column_types(self) -> dict[str, str]:
        """Returns the type of each column, in the order in which they are inputs."""
        return dict.fromkeys(self.numbers, "float32")

    # Data ----------------------------------------------------------------------------------

    def windows(
        self, settings, series: TimeSeries, split: str, cuts: tuple[np.datetime64, ...] | None
    ) -> list[Window]:
        """Cuts a split of a series into windows.

        Args:
            settings: the recipe's settings.
            series: what was read.
            split: part to cut: "train", "validation" or "test".
            cuts: times at which validation and test begin; None: at the settings' shares.

        Raises:
            InputError: too few rows are left for training.
        """
        rows, least = len(series.times), settings.window + settings.horizon
        if cuts is not None:
            first, second = (int(np.searchsorted(series.times, cut)) for cut in cuts)
        else:
            second = rows - max(settings.horizon, round(settings.test_share * rows))
            first = second - max(settings.horizon, round(settings.validation_share * rows))
        bounds = {"train": (0, first), "validation": (first, second), "test": (second, rows)}
        start, stop = bounds[split]
        if first < least:
            raise InputError(
                f"{series.path}: {rows} rows are too few: {first} are left for training, and a "
                f"window of {settings.window} with a horizon of {settings.horizon} needs {least}"
            )
        # A truth belongs to one split; a window may look back into the rows before it.
        ends = range(max(start, settings.window), stop - settings.horizon + 1)
        windows = (Window(series, end, settings.window, settings.horizon) for end in ends)
        # Where nothing was measured there is nothing to start from, or nothing to learn from.
        return [
            window
            for window in windows
            if not np.isnan(window.past(self.series)).all()
            and not np.isnan(window.truth(self.series)).all()
        ]

    def prepare(self, settings, examples):
        last = examples[-1]
        means, deviations = {}, {}
        for name in self.numbers:
            # Training rows alone: up to the last truth of the training examples.
            values = last.series.columns[name][: last.end + last.horizon]
            means[name] = float(np.nanmean(values))
            deviations[name] = float(np.nanstd(values)) or 1.0
        # The scale is that of the square root, which makes high peaks smaller.
        root = np.sqrt(np.abs(last.series.columns[self.series][: last.end + last.horizon]))
        means["root"], deviations["root"] = float(np.nanmean(root)), float(np.nanstd(root)) or 1.0
        empty = np.zeros([0, 0], "float32")
        scaled = ForecastAssets(means, deviations, empty, empty[0:], empty[0:])
        inputs = self._linear_inputs(settings, scaled, examples)
        last = last_measured(np.stack([window.past(self.series) for window in examples]))
        change = (self.truth(examples) - last[:, None]) / deviations[self.series]
        linear = Ridge(inputs, change, settings.ridge_penalty)
        spread = np.sqrt(np.nanmean((linear(inputs) - change) ** 2, 0))
        # Where the training data is continued without an error, or never measured.
        spread = np.where(spread > 1e-3, spread, 1e-3).astype("float32")
        train = examples[-1]
        known = train.series.columns[self.series][: train.end + train.horizon]
        lowest = None if np.nanmin(known) < 0 else 0.0
        return ForecastAssets(means, deviations, linear.kernel, linear.bias, spread, lowest)

    def columns(self, assets, examples):
        mean, deviation = assets.means[self.series], assets.deviations[self.series]
        truth = self.truth(examples).astype("float32")
        judged = ((truth - mean) / deviation / assets.spread).astype("float32")
        columns = {**self._stacked(examples), "judged": judged, "truth": truth}
        return columns, np.full(len(examples), examples[0].window)

    def features(self, columns):
        inputs = {name: columns[name] for name in self.column_types()}
        return inputs, {"judged": columns["judged"], "forecast": columns["truth"]}

    def _stacked(self, examples) -> dict[str, np.ndarray]:
        return {
            name: np.stack([window.past(name) for window in examples]).astype(kind)
            for name, kind in self.column_types().items()
        }

    # Model ---------------------------------------------------------------------------------

    def scaled_forecast(self, settings, assets: ForecastAssets) -> keras.Model:
        """Builds `forecast` between layers that scale its inputs, fill gaps, and scale back.

        Returns:
            The model of the columns: `forecast` [B, M] in the series' unit, and `judged` [B, M] in
            errors of the linear model.
        """
        given = self._inputs(settings)
        scaled = self._scaled(settings, assets, given)
        future = scaled.get("future")
        inner = self.built(
            settings,
            topology="forecast",
            num_features=scaled["past"].shape[-1],
            num_future=future.shape[-1] if future is not None else 0,
        )
        linear = inner.get_layer("linear")
        linear.set_weights([assets.kernel, assets.bias])
        linear.trainable = settings.train_linear
        real = keras.layers.Rescaling(
            assets.deviations[self.series], assets.means[self.series], name="real_units"
        )
        judged = keras.layers.Rescaling((1 / assets.spread).tolist(), name="judged")
        forecast = inner(scaled)["forecast"]
        outputs = {"judged": judged(forecast), "forecast": real(forecast)}
        return keras.Model(given, outputs, name=self.name)

    def _inputs(self, settings) -> dict[str, Any]:
        return {
            name: keras.Input([settings.window], dtype=kind, name=name)
            for name, kind in self.column_types().items()
        }

    def _scaled(self, settings, assets, given) -> dict[str, Any]:
        """Scaled numbers with their gaps filled, and what else is known: past and future."""
        root = keras.ops.sqrt(keras.ops.absolute(given[self.series]))
        names = [*self.numbers, "root"]
        numbers = keras.ops.stack([given[name] for name in self.numbers] + [root], -1)
        normal = keras.layers.Normalization(
            mean=[assets.means[name] for name in names],
            variance=[assets.deviations[name] ** 2 for name in names],
            name="scale",
        )
        filled, measured = zoo.topologies.GapFilling(name="gap_filling")(normal(numbers))
        parts = [filled, measured[..., :1], *self.more_past(given)]
        scaled = {"past": keras.layers.Concatenate(name="past_features")(parts)}
        future = self.future(given, settings.horizon)
        return scaled if future is None else {**scaled, "future": future}

    # How it is measured --------------------------------------------------------------------

    def forecasts(self, settings, answers, examples) -> np.ndarray:
        """Returns the forecast after each window, [rows, horizon]."""
        forecast = np.zeros([len(examples), settings.horizon], "float32")
        asked = answered(
            answers, examples, self._asked, length=lambda window: window.end, batch_size=BATCH
        )
        for row, answer in asked:
            forecast[row] = answer["forecast"]
        return forecast

    def truth(self, examples) -> np.ndarray:
        """Returns what came after each window, [rows, horizon]; nan where nothing was measured."""
        return np.stack([window.truth(self.series) for window in examples])

    def _asked(self, examples) -> dict[str, np.ndarray]:
        length = np.full(len(examples), examples[0].window, "int32")
        return {**self._worded(self._stacked(examples)), "length": length}

    def _worded(self, columns) -> dict[str, np.ndarray]:
        """The signature takes words as words."""
        worded = {
            name: np.array(known, object)[columns[name]] for name, known in self.words.items()
        }
        return {**columns, **worded}

    def baselines(self, settings, train, examples):
        past = np.stack([window.past(self.series) for window in examples])
        truth, last = self.truth(examples), last_measured(past)[:, None]
        plain = {
            "persistence": np.repeat(last, settings.horizon, 1),
            **self.more_baselines(past, settings.horizon),
        }
        assets = self.prepare(settings, train)
        inputs = self._linear_inputs(settings, assets, examples)
        change = inputs @ assets.kernel + assets.bias
        linear = last + change * assets.deviations[self.series]
        bound = -np.inf if assets.lowest is None else assets.lowest
        plain["linear model"] = np.maximum(linear, bound)
        return {name: errors(forecast, truth) for name, forecast in plain.items()}

    def _linear_inputs(self, settings, assets, examples) -> np.ndarray:
        """Everything that the network reads, scaled and in one row a window, [rows, D]."""
        given = self._inputs(settings)
        encoder = keras.Model(given, self._scaled(settings, assets, given))
        rows = []
        for start in range(0, len(examples), BATCH):
            part = self._stacked(examples[start : start + BATCH])
            scaled = encoder({name: tf.constant(value) for name, value in part.items()})
            flat = [np.reshape(value, [len(value), -1]) for value in scaled.values()]
            rows.append(np.concatenate(flat, 1))
        return np.concatenate(rows)

    # For a person --------------------------------------------------------------------------

    def inputs(self, given):
        cut = [self.up_to(text) for text in given]
        lengths = [min(end, MOST_ROWS) for _, end in cut]
        columns = {}
        for name, kind in self.column_types().items():
            columns[name] = np.zeros([len(cut), max(lengths, default=0)], kind)
            for row, (series, end), length in zip(columns[name], cut, lengths, strict=True):
                row[:length] = series.columns[name][end - length : end]
        return {**self._worded(columns), "length": np.array(lengths, "int32")}

    def up_to(self, given: str) -> tuple[TimeSeries, int]:
        """Reads `FILE` or `FILE@TIME`: the series, and how many rows of it are known.

        Raises:
            InputError: as for `read_series`, the time is that of no row, or nothing was measured.
        """
        path, _, time = given.rpartition("@") if "@" in Path(given).name else (given, "", "")
        series = self.read_series(Path(path))
        end = len(series.times)
        if time:
            try:
                wanted = np.datetime64(time, np.datetime_data(series.times.dtype)[0])
                end = int(np.flatnonzero(series.times == wanted)[0]) + 1
            except (ValueError, IndexError):
                raise InputError(
                    f"{given}: {time!r} is no time of a row; the rows go from "
                    f"{series.times[0]} to {series.times[-1]}"
                ) from None
        if np.isnan(series.columns[self.series][:end]).all():
            raise InputError(f"{given}: {self.series} was never measured; expected one value")
        return series, end

    def says(self, answer):
        return [_in_words(forecast, self.step) for forecast in answer["forecast"]]

    def lines(self, inputs, answer):
        lines = []
        for given, last, says in zip(inputs, answer["last"], self.says(answer), strict=True):
            if np.isnan(last):
                says = f"no forecast: {self.series} was not measured in the window"
            lines.append(f"{given}\tlast {last:.1f} {self.unit}\t{says}")
        return lines

    def draw(self, figure, given, answer):
        series, end = self.up_to(given)
        forecast, last = answer["forecast"][0], answer["last"][0]
        shown = 3 * len(forecast)
        values = series.columns[self.series]
        known, truth = values[max(0, end - shown) : end], values[end : end + len(forecast)]
        plain = {"persistence": np.full(len(forecast), last)}
        past = values[:end][None]
        plain.update((n, f[0]) for n, f in self.more_baselines(past, len(forecast)).items())
        title = f"{Path(given).name}, forecast at {series.times[end - 1]}"
        draw_forecast(figure, known, forecast, truth, plain, self.unit, self.step, title)

    def show(self, answers, examples, count):
        chosen = np.random.default_rng(0).choice(len(examples), min(count, len(examples)), False)
        examples = [examples[i] for i in chosen]
        answer = answers(**self._asked(examples))
        shown = []
        for row, window in enumerate(examples):
            truth, forecast = window.truth(self.series), answer["forecast"][row]
            ours, plain = (
                np.nanmean(np.abs(said - truth)) for said in (forecast, answer["last"][row])
            )
            given = f"{window.time}, last {answer['last'][row]:.0f}"
            words = _in_words(forecast, self.step), _in_words(truth, self.step)
            shown.append(Shown(given, *words, bool(ours < plain)))
        return shown

    def in_python(self, example):
        return "model(**columns)   # each column [1, rows], the oldest row first"

    def warmup(self):
        rows = self.settings.window
        columns = {name: np.ones([2, rows], kind) for name, kind in self.column_types().items()}
        given = self._worded(columns)
        length = {"length": np.full(2, rows, "int32")}
        return [("serving_default", given), ("padded", {**given, **length})]


def _in_words(forecast: np.ndarray, step: str) -> str:
    """A few horizons of a forecast: the first, the quarter, the half, the last."""
    size = len(forecast)
    places = sorted({1, max(1, size // 4), max(1, size // 2), size})
    numbers = (f"{forecast[k - 1]:.0f}".replace("nan", "not measured") for k in places)
    return ", ".join(f"+{k} {step} {number}" for k, number in zip(places, numbers, strict=True))
