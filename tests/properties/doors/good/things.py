"""One small object of each kind, for the good calls of several topics."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from simtheory import SIMTask, analytic, fit, observe, sim
from simtheory.results import Curve, Samples
from simtheory.tasks import DenoisingTask, LinearTask

TASK = SIMTask(mu=(1.0, 2.0), sigma=0.3)
EQUAL = SIMTask(mu=(0.0, 0.0), sigma=1.0)
U = np.array([[0.10, 0.02], [0.01, 0.09]])
W = U @ U.T
T = np.linspace(0.0, 20.0, 201)
RUN = sim.solve(sim.Tied(), TASK, U, T)
SEEDED = replace(RUN, outputs=RUN.outputs[None], weights=RUN.weights[None], stats={"seeds": [0]})
NOISY = DenoisingTask(np.diag([1.0, 2.0]), sigma_min=0.1, sigma_max=2.0)
NET = analytic.denoiser.TiedDenoiser(0.1)
LINEAR = LinearTask([[2.0, 0.0], [0.5, 1.0]])
LAYERED = sim.solve(sim.Untied(), LINEAR, (U, U), T, layers=True)
CURVE = Curve(T, np.stack([T, T**2], axis=-1), rows=("a", "b"), x_name="time", origin="closed")
POINTS = Samples(np.random.default_rng(0).normal(size=(30, 2)), origin="closed")
CURVES = fit.curves(RUN)
FIT = fit.fit(CURVES, model="tied", rows="orthogonal")
FORECAST = fit.predict(FIT)
LAWS = observe.law_residuals(RUN)
_FOLDER = tempfile.TemporaryDirectory()  # is removed when the process ends
FOLDER = Path(_FOLDER.name)
