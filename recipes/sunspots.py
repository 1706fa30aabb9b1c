"""Sunspots: the next two years of a series with a cycle of about eleven."""

import dataclasses

import numpy as np

import zoo
from recipes import datasets
from recipes.baselines.forecasts import errors, seasonal
from recipes.datasets.series import read_series
from recipes.families.forecasting import ForecastRecipe, ForecastSettings, TimeSeries
from recipes.recipe import register
from zoo.tuning import Parameter

# The mean cycle of Schwabe, and the shortest and longest of those that count; in months.
CYCLES = (120, 132, 144)

# When validation and test begin.
CUTS = (np.datetime64("1915-01"), np.datetime64("1949-01"))


@dataclasses.dataclass(frozen=True)
class Settings(ForecastSettings):
    """Settings of sunspots, with the reason beside each value."""

    # A cycle, a year at a time: with two or three, the linear model was worse (validation RMSE
    # 23.6 and 25.6 against 21.7).
    window: int = 144
    horizon: int = 24
    # A decoder, a step a month: better than all months at once at every horizon on validation.
    form: str = "n_to_m"
    rows_per_step: int = 12
    units: int = 32
    dropout: float = 0.3
    batch_size: int = 64
    epochs: float = 20.0
    learning_rate: float = 1e-3
    warmup_steps: int = 50
    clip_norm: float = 1.0
    ema_momentum: float | None = 0.99
    ridge_penalty: float = 1e-2
    # The public data is learned in little more.
    least_steps: int = 500


@register
class Sunspots(ForecastRecipe):
    name = "sunspots"
    title = "Sunspots: the numbers of the next 24 months"
    topology = "forecast"
    datasets = ("sunspots",)
    series, unit, step = "value", "sunspots", "month"
    numbers = ("value",)
    own_data = (
        'a CSV file with the header "Month","NAME" and a row a month without a gap, such as '
        '"1749-01",58.0; numbers of 0 or more. Fewer than 600 rows ask for a smaller window '
        "(--set window=36 --set rows_per_step=12)"
    )
    example = "months.csv"
    settings = Settings()
    search_space = (
        Parameter("form", choices=("n_to_one", "n_to_m")),
        Parameter("units", choices=(16, 32, 64)),
        Parameter("dropout", low=0.0, high=0.5),
        Parameter("learning_rate", low=2e-4, high=5e-3, log=True),
        Parameter("window", choices=(144, 288, 432)),
    )

    # Data ------------------------------------------------------------------------------------

    def read(self, settings, data, split):
        path = data or datasets.fetch("sunspots", ["monthly-sunspots.csv"])["monthly-sunspots.csv"]
        # A person's own file is cut by the settings' shares.
        return self.windows(settings, self.read_series(path), split, None if data else CUTS)

    def read_series(self, path):
        read = read_series(path)
        return TimeSeries({"value": read.values}, read.months, path)

    def more_baselines(self, past, horizon):
        return {
            f"cycle of {months // 12} years": seasonal(past, months, horizon)
            for months in CYCLES
            if months <= past.shape[1]
        }

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
