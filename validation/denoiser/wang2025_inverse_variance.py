"""The inverse-variance law of Wang and Pehlevan (2025): linear denoisers, and one that is not.

A mode of the data emerges in the samples of a denoiser at a time that is about inverse to its variance.
Linear denoisers are trained at every noise level and sampled exactly, beside the closed form; a perceptron
is trained by stochastic gradients and sampled by DDIM. The power is −1.01 for the linear denoisers, and
steeper, about −1.3, for the perceptron.
"""

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

import simtheory as st
from validation.common import Figure

denoiser, trained = st.analytic.denoiser, st.validation.denoiser
GREY, INK = st.plot.GREY, st.plot.INK

FIGURE = Figure(
    __file__,
    title="Modes of larger variance emerge earlier, in about inverse time (Wang and Pehlevan 2025)",
    alt="Variance of the samples of three denoisers through training, and when each mode emerges",
    caption="""
Denoisers learn Gaussian data of seven modes; four of their variances λ are drawn, one colour each. Left
two: variance of the samples of a linear denoiser, one matrix per noise level, through training. Thin:
five seeds, each on 4000 points of its own; dashed: closed form; dotted: the data's. Canonical time is
that of gradient flow. Third: the same for a perceptron with two hidden layers that is told the noise
level, trained by stochastic gradients; there is no closed form. Right: when a mode emerges, over the time
of the largest, that is when its sampled variance passes the geometric mean of its first and of the
data's; the record has the harmonic mean too, which marks a doubling. Marks: five seeds; dashed: closed
forms of the linear nets; broad grey: slope −1. The perceptron's weak modes come later than that, and its
weakest not at all in this run. The law is one of the samples: at one noise level well above the data, all
weights learn at the same time.""",
)
VARIANCES = np.geomspace(0.01, 10.0, 7)
TASK = st.tasks.DenoisingTask(VARIANCES, sigma_min=0.02, sigma_max=10.0)
SEEDS, LEVELS = range(5), trained.log_levels(TASK, 100)
NETS = {"one layer": denoiser.OneLayerDenoiser(0.1), "tied": denoiser.TiedDenoiser(0.1)}
WIDTH, BATCH, LR, STEPS = 128, 256, 0.005, 20_000


def linear(net: denoiser.OneLayerDenoiser | denoiser.TiedDenoiser) -> tuple[np.ndarray, np.ndarray]:
    """Return canonical times and sampled variances (S, T, d) of a trained linear denoiser."""
    steps = np.unique(np.concatenate([[0], np.geomspace(1, 20_000, 160)]).astype(int))
    runs = [
        trained.train_linear(
            net, TASK, levels=LEVELS, steps=20_000, lr=2e-3, samples=4000, seed=s, looks=steps
        )
        for s in tqdm(SEEDS, desc=type(net).__name__, disable=None)
    ]
    covariances = [trained.sampled_covariance(run.weights, LEVELS) for run in runs]
    return runs[0].t, np.array([np.diagonal(c, axis1=-2, axis2=-1) for c in covariances])


def perceptron(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return steps and sampled variances (T, d) of a perceptron, trained by stochastic gradients."""
    d, scale = VARIANCES.size, jnp.sqrt(jnp.asarray(VARIANCES))
    low, high = np.log(TASK.sigma_min), np.log(TASK.sigma_max)
    sizes = (d + 1, WIDTH, WIDTH, d)
    keys = jax.random.split(jax.random.key(seed), len(sizes))
    layers = [
        (jax.random.normal(k, (m, n)) * np.sqrt(1.0 / m), jnp.zeros(n))
        for k, m, n in zip(keys[1:], sizes[:-1], sizes[1:], strict=True)
    ]
    layers[-1] = (0.1 * layers[-1][0], layers[-1][1])  # a small start: little variance untrained

    def denoise(layers, y, log_sigma):
        level = (2 * (log_sigma - low) / (high - low) - 1)[:, None]
        h = jnp.concatenate([y / jnp.sqrt(1 + jnp.exp(2 * log_sigma))[:, None], level], axis=1)
        for weight, bias in layers[:-1]:
            h = jax.nn.gelu(h @ weight + bias)
        return h @ layers[-1][0] + layers[-1][1]

    def loss(layers, key):
        a, b, c = jax.random.split(key, 3)
        x = scale * jax.random.normal(a, (BATCH, d))
        log_sigma = jax.random.uniform(b, (BATCH,), minval=low, maxval=high)
        y = x + jnp.exp(log_sigma)[:, None] * jax.random.normal(c, x.shape)
        return jnp.mean(jnp.sum((denoise(layers, y, log_sigma) - x) ** 2, axis=1))

    @jax.jit
    def advance(layers, first, count):
        def step(k, layers):
            slope = jax.grad(loss)(layers, jax.random.fold_in(keys[0], first + k))
            return jax.tree.map(lambda p, g: p - LR * g, layers, slope)

        return jax.lax.fori_loop(0, count, step, layers)

    @jax.jit
    def variances(layers):
        x = TASK.sigma_max * jax.random.normal(jax.random.key(1), (2000, d))
        levels = jnp.asarray(LEVELS)

        def move(x, pair):
            now, then = pair
            clean = denoise(layers, x, jnp.full(len(x), jnp.log(now)))
            return clean + then / now * (x - clean), None

        return jnp.var(jax.lax.scan(move, x, (levels[:-1], levels[1:]))[0], axis=0)

    stops = np.unique(np.concatenate([[0], np.geomspace(1, STEPS, 70)]).astype(int))
    seen = []
    for before, stop in zip(np.concatenate([[0], stops[:-1]]), stops, strict=True):
        layers = advance(layers, int(before), int(stop - before))
        seen.append(np.asarray(variances(layers)))
    return stops, np.array(seen)


def emergence(t: np.ndarray, curves: np.ndarray, *, level: str) -> np.ndarray:
    """Return when each mode passes a mean of its first variance and the data's, (S, d)."""
    first = curves[:, :1]
    mean = np.sqrt(first * VARIANCES)
    if level == "harmonic":
        mean = 2.0 * first * VARIANCES / (first + VARIANCES)
    risen = curves >= mean
    return np.where(risen.any(axis=1), t[risen.argmax(axis=1)].astype(float), np.nan)


def slope(times: np.ndarray) -> float:
    """Return the exponent of the time of emergence in the variance."""
    good = np.isfinite(times) & (times > 0)
    return float(np.polyfit(np.log(VARIANCES[good]), np.log(times[good]), 1)[0])


def main() -> None:
    """Train all three, print the exponents, write record and picture."""
    runs = {name: linear(net) for name, net in NETS.items()}
    found = [perceptron(seed) for seed in tqdm(SEEDS, desc="perceptron", disable=None)]
    runs["perceptron"] = found[0][0], np.array([curves for _, curves in found])
    record = {"variances": VARIANCES, "seeds": list(SEEDS)}
    times = {}
    for name, (t, curves) in runs.items():
        times[name] = emergence(t, curves, level="geometric")
        record[name] = {"variance at the end, mean": curves[:, -1].mean(axis=0)}
        for level in ("geometric", "harmonic"):
            found = emergence(t, curves, level=level)
            record[name][f"time of emergence, {level}"] = found
            exponents = [slope(row) for row in found]
            record[name][f"exponent, {level}, each seed"] = exponents
            print(
                f"{name}, {level}: {np.mean(exponents):.3f} ± {np.std(exponents, ddof=1):.3f}",
                end="",
            )
            if name in NETS:
                law = slope(denoiser.emergence_times(TASK, NETS[name], level=level))
                record[name][f"exponent, {level}, closed form"] = law
                print(f", closed form {law:.3f}", end="")
            print()
        if name in NETS:
            law = denoiser.generated_variance(TASK, NETS[name], t)
            record[name]["largest distance of log variance"] = np.abs(np.log(curves / law)).max()
    FIGURE.write(record)
    with FIGURE.sheet(widths=(3.3, 3.3, 3.3, 3.6), height=3.9) as axes:
        for ax, (name, (t, curves)) in zip(axes, runs.items(), strict=False):
            draw_variances(ax, name, t, curves)
        draw_emergence(axes[3], runs, times)


def draw_variances(ax, name: str, t: np.ndarray, curves: np.ndarray) -> None:
    """Draw the sampled variance of every other mode through training."""
    law = denoiser.generated_variance(TASK, NETS[name], t) if name in NETS else None
    for k in range(0, 7, 2):
        hue = st.plot.colour(k // 2)
        ax.plot(t, curves[:, :, k].T, color=hue, lw=0.7, alpha=0.6)
        ax.plot([], [], color=hue, label=f"λ = {VARIANCES[k]:.2g}")
        ax.axhline(VARIANCES[k], color=hue, lw=0.5, ls=":")
        if law is not None:
            ax.plot(t, law[:, k], "--", color=hue)
    ax.set(xscale="log", yscale="log", ylabel="variance of the samples", ylim=(2e-4, 200.0))
    ax.set_xlabel("canonical time $t$" if law is not None else "optimiser step")
    ax.set_title(f"linear, {name}" if law is not None else name)
    ax.legend(fontsize="x-small", ncols=2, loc="upper left")


def draw_emergence(ax, runs: dict, times: dict) -> None:
    """Draw the times of emergence, each over that of the largest variance."""
    for name, mark in zip(runs, "oxD", strict=True):
        relative = times[name].T / np.nanmean(times[name][:, -1])
        dots = ax.plot(VARIANCES, relative, mark, ms=5, mfc="none", alpha=0.7, color=INK)
        dots[0].set_label(name)
        if name in NETS:
            predicted = denoiser.emergence_times(TASK, NETS[name], level="geometric")
            ax.plot(VARIANCES, predicted / predicted[-1], "--", color=INK, lw=1.0)
    ax.plot(VARIANCES, VARIANCES[-1] / VARIANCES, color=GREY, lw=3.0, alpha=0.5, zorder=1)
    ax.set(xscale="log", yscale="log", xlabel="variance λ of the mode")
    ax.set(ylabel="time of emergence, relative", title="about inverse to λ")
    ax.legend(fontsize="x-small")


if __name__ == "__main__":
    main()
