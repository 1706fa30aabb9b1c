"""Air quality: the fine dust of the next hours from the weather and dust of the last ones."""

import dataclasses

import numpy as np

import zoo
from recipes import datasets
from recipes.baselines.forecasts import errors
from recipes.datasets.air_quality import NUMBERS, WINDS, read_hours
from recipes.families.forecasting import ForecastRecipe, ForecastSettings, TimeSeries
from recipes.recipe import register
from zoo.deferred import keras
from zoo.tuning import Parameter

# When validation and test begin.
CUTS = (np.datetime64("2013-01-01T00"), np.datetime64("2014-01-01T00"))


@dataclasses.dataclass(frozen=True)
class Settings(ForecastSettings):
    """Settings of air_quality, with the reason beside each value."""

    # The linear model gains nothing from two days or three (validation RMSE 71.2, 71.3).
    window: int = 24
    horizon: int = 24
    # A decoder, a step an hour; see what was tried.
    form: str = "n_to_m"
    units: int = 64
    dropout: float = 0.3
    batch_size: int = 256
    # From the third epoch on the network learns the training years by heart.
    epochs: float = 3.0
    learning_rate: float = 1e-3
    warmup_steps: int = 100
    clip_norm: float = 1.0
    ema_momentum: float | None = 0.99
    ridge_penalty: float = 1e-3
    # The public data is learned in little more.
    least_steps: int = 250


@register
class AirQualityForecast(ForecastRecipe):
    name = "air_quality"
    title = "Air quality: PM2.5 of the next 24 hours"
    topology = "forecast"
    datasets = ("beijing-pm25",)
    series, unit, step = "pm25", "µg/m³", "hour"
    numbers = tuple(NUMBERS.values())
    words = {"wind": WINDS}  # noqa: RUF012  (a constant)
    own_data = (
        "a CSV file as the public one: the header No,year,month,day,hour,pm2.5,DEWP,TEMP,PRES,"
        "cbwd,Iws,Is,Ir and a row an hour without a gap in time; NA where nothing was measured"
    )
    example = "last_days.csv"
    settings = Settings()
    search_space = (
        Parameter("form", choices=("n_to_one", "n_to_m")),
        Parameter("units", choices=(32, 64, 96)),
        Parameter("dropout", low=0.0, high=0.5),
        Parameter("learning_rate", low=2e-4, high=3e-3, log=True),
        Parameter("loss", choices=("squared", "huber")),
    )

    # Data ------------------------------------------------------------------------------------

    def read(self, settings, data, split):
        path = data or datasets.fetch("beijing-pm25", ["pollution.csv"])["pollution.csv"]
        # A person's own file is cut by the settings' shares.
        return self.windows(settings, self.read_series(path), split, None if data else CUTS)

    def read_series(self, path):
        read = read_hours(path)
        clock = {
            "wind": read.wind,
            "hour": read.hours.astype(int) % 24,
            "month": read.hours.astype("datetime64[M]").astype(int) % 12 + 1,
        }
        return TimeSeries({**read.values, **clock}, read.hours, path)

    def column_types(self):
        return {**super().column_types(), **dict.fromkeys(("wind", "hour", "month"), "int32")}

    def more_past(self, given):
        wind = keras.ops.one_hot(given["wind"], len(WINDS))
        return [wind, cycle(given["hour"], 24, 2), cycle(given["month"], 12, 1)]

    def future(self, given, horizon):
        ahead = np.arange(1, horizon + 1, dtype="int32")
        hours = given["hour"][:, -1:] + ahead
        # The month of the last row: a forecast of a day hardly leaves it.
        months = keras.ops.repeat(given["month"][:, -1:], horizon, 1)
        parts = [cycle(hours, 24, 2), cycle(months, 12, 1)]
        return keras.layers.Concatenate(name="future_features")(parts)

    # Model, loss and signatures --------------------------------------------------------------

    def build(self, settings, assets):
        return self.scaled_forecast(settings, assets)

    def objective(self, settings):
        loss = zoo.training.forecast_loss(settings.loss, settings.huber_delta)
        squared, absolute = zoo.training.ForecastError(), zoo.training.ForecastError(squared=False)
        return {"loss": {"judged": loss}, "metrics": {"forecast": [squared, absolute]}}

    def module(self, settings, assets, model):
        return zoo.signatures.Forecaster(
            model, settings.window, self.series, self.words, lowest=assets.lowest
        )

    # Metric ----------------------------------------------------------------------------------

    def measure(self, settings, answers, examples):
        forecast = self.forecasts(settings, answers, examples)
        return {"windows": len(examples), **errors(forecast, self.truth(examples))}


def cycle(numbers, period: int, harmonics: int):
    """Returns sines and cosines [B, N, 2 * harmonics] of int [B, N] that come around."""
    turn = keras.ops.cast(numbers, "float32") * (2 * np.pi / period)
    turns = [turn * k for k in range(1, harmonics + 1)]
    waves = [wave(turn) for turn in turns for wave in (keras.ops.sin, keras.ops.cos)]
    return keras.ops.stack(waves, -1)
