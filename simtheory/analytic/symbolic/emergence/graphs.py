"""Statements on concept graphs: regression, kernels, toys of acquisition, prompts."""

from __future__ import annotations

from sympy import Eq, exp, log, sqrt, symbols

from simtheory.analytic.symbolic._statement import Statement, matrices, transpose, written

A, D, F, I, K, P, S, W, Y, Phi, phi, key = matrices("A D f I K P S W Y Phi phi k")
t, p, mu, sigma, rho, eta, a, b, m = symbols("t p mu spread rho eta a b m", positive=True)
n, d, s, h = symbols("n d s h", integer=True, positive=True)
c, Delta, l_p, l_m, even, f_on, f_off = symbols("c Delta l_p l_m even f_on f_off")
T, T_1, T_2, T_log, T_exp, w0, C, width, p_c = symbols("T T_1 T_2 T_log T_exp w0 C width p_c")
f, before, y, g, rho_c, chance, level, slope = symbols("f before y g rho_c chance level slope")
gain, rate, colour, w_c = symbols("gain rate colour w_c")

_EVEN = {
    Delta: "distance of the even rates",
    l_p: "fast even rate",
    l_m: "slow even rate",
    even: "what the even modes add to every output",
    f_on: "output of a concept that is on in the class",
    f_off: "output of a concept that is off",
    n: "number of concepts",
    d: "concepts that are on in the class",
    t: "canonical time",
}
_SIGMA = {sigma: r"\sigma"}
_NAMES = {
    l_p: r"\lambda_+",
    l_m: r"\lambda_-",
    f_on: r"f_{\mathrm{on}}(t)",
    f_off: r"f_{\mathrm{off}}(t)",
}
_SHOWN = {**_SIGMA, **_NAMES, even: "E(t)"}

with written():
    STATEMENTS = (
        Statement(
            "affine-regression",
            (
                Eq(A, Phi * P * transpose(Phi) + D),
                Eq(F, S * (I - exp(-A * t)) * phi),
            ),
            symbols={
                A: "second moment of the features",
                Phi: "features (1, mean) of the trained classes, as columns",
                P: "frequencies, diagonal",
                D: "variances of the spread, diagonal, 0 for the constant",
                F: "output for a class",
                S: "(0 | I), which reads the data off the features",
                I: "identity",
                phi: "features of the class",
                t: "canonical time",
            },
            printed={Phi: r"\Phi", phi: r"\varphi", F: "f(t)"},
        ),
        Statement(
            "discrete-descent",
            (
                Eq(A, Phi * P * transpose(Phi) + D),
                Eq(F, S * (I - (I - eta * A) ** s) * phi),
            ),
            symbols={
                A: "second moment of the features",
                Phi: "features (1, mean) of the trained classes, as columns",
                P: "frequencies, diagonal",
                D: "variances of the spread, diagonal, 0 for the constant",
                F: "output for a class after s steps",
                S: "(0 | I), which reads the data off the features",
                I: "identity",
                phi: "features of the class",
                eta: "learning rate",
                s: "number of steps",
            },
            printed={Phi: r"\Phi", phi: r"\varphi", F: "f_s"},
        ),
        Statement(
            "affine-exchangeable",
            (
                Eq(c, a + (n - 1) * b + sigma**2),
                Eq(Delta, sqrt((1 - c) ** 2 + 4 * n * a**2)),
                Eq(l_p, (1 + c + Delta) / 2),
                Eq(l_m, (1 + c - Delta) / 2),
                Eq(
                    even,
                    ((c - l_m) * d / n + a) / Delta * (1 - exp(-l_p * t))
                    + ((l_p - c) * d / n - a) / Delta * (1 - exp(-l_m * t)),
                ),
                Eq(f_on, even + (1 - d / n) * (1 - exp(-(a - b + sigma**2) * t))),
                Eq(f_off, even - d / n * (1 - exp(-(a - b + sigma**2) * t))),
            ),
            symbols={
                c: "second moment of the sum of all concepts, over n",
                a: "chance that a concept is on",
                b: "chance that two given concepts are on",
                sigma: "spread",
                **_EVEN,
            },
            printed=_SHOWN,
        ),
        Statement(
            "affine-star",
            (
                Eq(p, 1 / (n + 1)),
                Eq(Delta, sqrt((1 - p) ** 2 + 4 * n * p**2)),
                Eq(l_p, (1 + p + Delta) / 2),
                Eq(l_m, (1 + p - Delta) / 2),
                Eq(
                    even,
                    ((p - l_m) * d / n + p) / Delta * (1 - exp(-l_p * t))
                    + ((l_p - p) * d / n - p) / Delta * (1 - exp(-l_m * t)),
                ),
                Eq(f_on, even + (1 - d / n) * (1 - exp(-p * t))),
                Eq(f_off, even - d / n * (1 - exp(-p * t))),
            ),
            symbols={p: "frequency of each trained class, and the odd rate", **_EVEN},
            printed=_SHOWN,
        ),
        Statement(
            "affine-star-asymptote",
            (
                Eq(p, 1 / (n + 1)),
                Eq(Delta, sqrt((1 - p) ** 2 + 4 * n * p**2)),
                Eq(l_m, (1 + p - Delta) / 2),
                Eq(c, ((1 - p + Delta) / 2 - p) / Delta),
                Eq(T, log(2 * c) / l_m),
            ),
            symbols={
                p: "frequency of each trained class",
                Delta: "distance of the even rates",
                l_m: "slow even rate",
                c: "weight of the slow mode",
                T: "time at which the class with all concepts crosses ½",
                n: "number of concepts",
            },
            printed={l_m: r"\lambda_-", T: "T_n"},
        ),
        Statement(
            "bias-free-degeneracy",
            Eq(T, log(2) / (mu**2 / (n + 1) + sigma**2)),
            symbols={
                T: "time at which every class crosses ½",
                mu: "strength of every concept",
                sigma: "spread",
                n: "number of concepts",
            },
            printed=_SIGMA,
        ),
        Statement(
            "overlap-kernel",
            Eq(F, key * (I - exp(-P * K * t)) * K**-1 * Y),
            symbols={
                F: "output for a class",
                key: "kernel of the class with the trained ones, a row",
                K: "kernel of the trained classes",
                P: "frequencies, diagonal",
                Y: "targets of the trained classes, as rows",
                I: "identity",
                t: "canonical time",
            },
            printed={F: "f(t)", key: "k_v"},
        ),
        Statement(
            "memorisation-leak",
            (
                Eq(f_on, rho ** (d - 1)),
                Eq(rho_c, 2 ** (-1 / (d - 1))),
            ),
            symbols={
                f_on: "where the output of a concept that is on ends",
                rho: "kernel of two classes that differ in one concept",
                d: "concepts that are on in the class",
                rho_c: "kernel at which that is ½",
            },
            printed={f_on: r"f_{\mathrm{on}}(\infty)", rho_c: r"\rho_c"},
        ),
        Statement(
            "kernel-finetune",
            Eq(f, before + rho**h * (y - g) * (1 - exp(-t))),
            symbols={
                f: "output of a class",
                before: "the same before fine-tuning",
                rho: "kernel of two classes that differ in one concept",
                h: "concepts in which the class differs from the tuned one",
                y: "target of the tuned class",
                g: "its output before",
                t: "canonical time",
            },
            printed={f: "f(v, t)", before: "f(v, 0)", h: r"d(v, c)", y: "y_c", g: "f(c, 0)"},
        ),
        Statement(
            "bernoulli-toy",
            (
                Eq(chance, (1 - (1 - p) ** t) ** n),
                Eq(T, log(1 - level ** (1 / n)) / log(1 - p)),
            ),
            symbols={
                chance: "chance that all skills are gained",
                p: "probability of a gain in a step",
                t: "steps",
                n: "number of skills",
                T: "steps until the chance reaches a level",
                level: "the level",
            },
            printed={chance: "P_n(t)", level: "P^*", T: "t^*"},
        ),
        Statement(
            "sim-modes",
            (
                Eq(a, sigma**2 + p * mu**2),
                Eq(T_1, log(2) / a),
                Eq(T_2, log(1 / w0 - 1) / (2 * a)),
            ),
            symbols={
                a: "rate of the concept",
                sigma: "spread",
                p: "frequency",
                mu: "strength",
                T_1: "half time of one layer from zero",
                T_2: "half time of two tied layers",
                w0: "start of the tied mode",
            },
            printed={w0: "w_0", **_SIGMA},
        ),
        Statement(
            "frequency-law",
            Eq(slope, -p * mu**2 / (sigma**2 + p * mu**2)),
            symbols={
                slope: "slope of the time of learning in the frequency",
                p: "frequency",
                mu: "strength",
                sigma: "spread",
            },
            printed={slope: r"\frac{d \ln T}{d \ln p}", **_SIGMA},
        ),
        Statement(
            "critical-frequency",
            (
                Eq(C, log(1 / w0 - 1) / 2),
                Eq(p_c, (C / T - sigma**2) / mu**2),
                Eq(width, 1 / (2 * mu**2 * T)),
            ),
            symbols={
                C: "rate times half time",
                w0: "start of the tied mode",
                p_c: "frequency that is half learned at the end",
                T: "budget, canonical time",
                sigma: "spread",
                mu: "strength",
                width: "width of the logistic of the output in p",
            },
            printed={w0: "w_0", p_c: "p_c", width: r"\Delta p", **_SIGMA},
        ),
        Statement(
            "hidden-window",
            (
                Eq(T_log, width * log(2 * gain - 1)),
                Eq(T_exp, log(2 - 1 / gain) / rate),
            ),
            symbols={
                T_log: "window of a logistic curve",
                width: "its width",
                gain: "what multiplies the strength in the prompt",
                T_exp: "window of an exponential curve",
                rate: "its rate",
            },
            printed={
                T_log: r"\Delta t_{\mathrm{log}}",
                T_exp: r"\Delta t_{\mathrm{exp}}",
                gain: r"\lambda",
                width: "w",
                rate: "a",
            },
        ),
        Statement(
            "masked-caption",
            (
                Eq(w_c, 2 / (2 + m * (1 - m))),
                Eq(colour, 2 * (2 - m) / (2 + m - m**2) - 1),
            ),
            symbols={
                w_c: "weight of the colour",
                m: "share of the captions of red triangles that lack the colour",
                colour: "colour of the blue triangle, 1 blue and −1 red",
            },
            printed={w_c: "w_c", colour: r"\mathrm{colour}"},
        ),
    )
