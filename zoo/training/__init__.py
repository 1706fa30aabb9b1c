"""Objectives, batches, fitting and resuming."""

from zoo.training.averaged_adam import AveragedAdam as AveragedAdam
from zoo.training.averaging import average_checkpoints as average_checkpoints
from zoo.training.batching import BatchPlan as BatchPlan
from zoo.training.batching import evaluation_batches as evaluation_batches
from zoo.training.batching import ragged as ragged
from zoo.training.batching import training_stream as training_stream
from zoo.training.carried_state import CarriedState as CarriedState
from zoo.training.distribution import Distribution as Distribution
from zoo.training.distribution import WorkerLostError as WorkerLostError
from zoo.training.divergence import DivergedError as DivergedError
from zoo.training.fit import deterministic as deterministic
from zoo.training.fit import fit as fit
from zoo.training.fit import optimizer as optimizer
from zoo.training.interruption import TrainingInterruptedError as TrainingInterruptedError
from zoo.training.lane_plan import LanePlan as LanePlan
from zoo.training.lane_plan import windows_of as windows_of
from zoo.training.objectives import TokenNats as TokenNats
from zoo.training.objectives import token_cross_entropy as token_cross_entropy
from zoo.training.placement import place as place
from zoo.training.run_folder import RunFolder as RunFolder
from zoo.training.token_batching import TokenBatchPlan as TokenBatchPlan
