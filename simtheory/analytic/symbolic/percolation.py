"""Statements on percolation of examples."""

from __future__ import annotations

from sympy import Eq, Min, Sum, binomial, ceiling, erf, exp, log, pi, sqrt, symbols

from simtheory.analytic.symbolic._statement import Statement, theta3, written

sigma, theta, N, r, n, a, eta, p, M, k, rho = symbols(
    "width theta N r n a eta p M k rho", positive=True
)
dx, dy, sx, sy, eps = symbols("dx dy sx sy eps", real=True)
r_cos, r_bha, r_pro, r_com, theta_com = symbols("r_cos r_bha r_pro r_com theta_com", positive=True)
c, C, half, size = symbols("c C half size")
j, l, J, P, delta, u, q = symbols("j l J P delta u q")
m, nx, ny, E, share, u_x, v_y = symbols("m nx ny E share u_x v_y")

_BEYOND = Sum((-1) ** (j - l) * binomial(n - l, j - l) * (1 - j * a) ** (n - 1), (j, l, J))
_INNER = Sum((-1) ** j * binomial(n - 1, j) * (1 - j * a) ** n, (j, 0, J))
_ALL = Sum((-1) ** j * binomial(n + 1, j) * (1 - j * a) ** n, (j, 0, J))

_LONG = "length that a gap may have, as a share of the whole"
_LAST = "number of gaps that can be longer at once, or the most that is summed"
_PAIRS = {m: "number of training pairs", nx: "number of values of x", ny: "number of values of y"}

_DELTAS = {dx: r"\Delta_x", dy: r"\Delta_y"}

with written():
    STATEMENTS = (
        Statement(
            "overlap-link-radius",
            (
                Eq(r_cos, 2 * sigma * sqrt(log(1 / theta))),
                Eq(r_bha, 2 * sigma * sqrt(2 * log(1 / theta))),
                Eq(r_pro, 2 * sigma * sqrt(log(1 / (4 * pi * sigma**2 * theta)))),
                Eq(theta_com, 1 - erf(r_com / (2 * sqrt(2) * sigma))),
            ),
            symbols={
                r_cos: "link radius by the cosine",
                r_bha: "by the Bhattacharyya coefficient",
                r_pro: "by the integral of the product of the densities",
                r_com: "by the common mass, which is θ there",
                sigma: "width of the bumps",
                theta: "threshold on the overlap",
            },
            printed={
                r_cos: r"r_{\cos}",
                r_bha: r"r_{\mathrm{B}}",
                r_pro: r"r_{\mathrm{product}}",
                r_com: r"r_{\mathrm{common}}",
                theta_com: r"\theta",
                sigma: r"\sigma",
            },
        ),
        Statement(
            "overlap-anisotropic",
            Eq(c, exp(-(dx**2) / (4 * sx**2) - dy**2 / (4 * sy**2))),
            symbols={
                c: "cosine of the images",
                dx: "distance along x",
                dy: "distance along y",
                sx: "width along x",
                sy: "width along y",
            },
            printed=_DELTAS | {sx: r"\sigma_x", sy: r"\sigma_y"},
        ),
        Statement(
            "overlap-stripes",
            (
                Eq(eps, 4 * sqrt(pi) * sigma / N),
                Eq(
                    c,
                    (exp(-(dx**2) / (4 * sigma**2)) + exp(-(dy**2) / (4 * sigma**2)) + eps)
                    / (2 + eps),
                ),
            ),
            symbols={
                c: "cosine of the images",
                eps: "share of the crossing",
                dx: "distance along x",
                dy: "distance along y",
                sigma: "width of the stripes",
                N: "side of the image",
            },
            printed=_DELTAS | {eps: r"\varepsilon", sigma: r"\sigma"},
        ),
        Statement(
            "overlap-pixel",
            (
                Eq(q, exp(-(pi**2) * sigma**2)),
                Eq(
                    c,
                    exp(-(delta**2) / (4 * sigma**2))
                    * theta3(pi * (u + delta / 2), q)
                    / sqrt(theta3(pi * u, q) * theta3(pi * (u + delta), q)),
                ),
            ),
            symbols={
                c: "cosine of the images along one axis",
                q: "factor by which the first wave is weaker than the mean",
                delta: "distance of the centres, in pixels",
                u: "place of the first centre relative to a pixel",
                sigma: "width of the bumps, in pixels",
            },
            printed={delta: r"\Delta", sigma: r"\sigma"},
        ),
        Statement(
            "gaps-circle",
            (
                Eq(J, Min(n, ceiling(1 / a) - 1)),
                Eq(P, binomial(n, l) * _BEYOND),
            ),
            symbols={
                P: "chance that exactly l gaps are longer than a",
                J: _LAST,
                n: "number of points on the circle",
                l: "number of longer gaps",
                a: _LONG,
                j: "number of gaps that are known to be longer",
            },
            printed={P: "P_l"},
        ),
        Statement(
            "chain-segment",
            (
                Eq(J, Min(n - 1, ceiling(1 / a) - 1)),
                Eq(P, _INNER),
            ),
            symbols={
                P: "chance that no inner gap is longer than a",
                J: _LAST,
                n: "number of points on the segment",
                a: _LONG,
                j: "number of gaps that are known to be longer",
            },
        ),
        Statement(
            "cover-segment",
            (
                Eq(J, Min(n + 1, ceiling(1 / a) - 1)),
                Eq(P, _ALL),
            ),
            symbols={
                P: "chance that no gap, the ends included, is longer than a",
                J: _LAST,
                n: "number of points on the segment",
                a: _LONG,
                j: "number of gaps that are known to be longer",
            },
        ),
        Statement(
            "clusters-segment",
            Eq(C, 1 + (n - 1) * (1 - a) ** n),
            symbols={
                C: "mean number of clusters",
                n: "number of points",
                a: "length up to which neighbours are linked, as a share of the segment",
            },
            printed={C: r"\langle C\rangle"},
        ),
        Statement(
            "chain-half-number",
            Eq(half, exp(-n * exp(-n * a))),
            symbols={
                half: "chance that the points are one chain, one half at the wanted number",
                n: "number of points",
                a: "length up to which neighbours are linked, as a share of the segment",
            },
            printed={half: r"\tfrac12"},
        ),
        Statement(
            "clusters-line",
            Eq(size, 2 * exp(rho * r) - 1),
            symbols={
                size: "mean size of the cluster of a point",
                rho: "points per length",
                r: "link radius",
            },
            printed={size: r"\langle s\rangle"},
        ),
        Statement(
            "clusters-ring",
            Eq(C, M * p * (1 - p) ** k),
            symbols={
                C: "mean number of gaps longer than the reach",
                M: "number of sites",
                p: "probability that a site is kept",
                k: "reach",
            },
            printed={C: r"\langle C\rangle"},
        ),
        Statement(
            "n-critical",
            Eq(n, 4 * eta * N**2 / (pi * r**2)),
            symbols={
                n: "number of examples at the threshold",
                eta: "filling factor of discs at the threshold",
                N: "side of the canvas",
                r: "link radius",
            },
            printed={n: "n_c", eta: r"\eta_c"},
        ),
        Statement(
            "bipartite-giant",
            (
                Eq(u_x, 1 - exp(-m * v_y / nx)),
                Eq(share, u_x * (1 - exp(-m * u_x / ny))),
            ),
            symbols={
                share: "share of combinations that are determined",
                u_x: "share of the values of x in the giant component",
                v_y: "share of the values of y in it, which follows from u in the same way",
            }
            | _PAIRS,
            printed={share: "S", u_x: "u", v_y: "v", nx: "n_x", ny: "n_y"},
        ),
        Statement(
            "bipartite-connected",
            (
                Eq(
                    E,
                    nx * binomial(nx * ny - ny, m) / binomial(nx * ny, m)
                    + ny * binomial(nx * ny - nx, m) / binomial(nx * ny, m),
                ),
                Eq(P, exp(-E)),
            ),
            symbols={
                P: "chance that every combination is determined",
                E: "mean number of values that no pair shows",
            }
            | _PAIRS,
            printed={nx: "n_x", ny: "n_y"},
        ),
    )
