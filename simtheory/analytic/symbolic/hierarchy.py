"""Statements on strings of a hierarchy.

Where an index runs over symbols and rules, the statement is evaluated on one small tree (`TREE`): two
levels, two symbols, two rules a symbol, some tuples written twice.
"""

from __future__ import annotations

from typing import Any

from sympy import Add, Eq, IndexedBase, Mul, Pow, Rational, Sum, log, symbols

from simtheory.analytic.symbolic._statement import (
    Rule,
    Statement,
    matrices,
    transpose,
    written,
)

TREE = (
    (((0, 1), (1, 1)), ((0, 0), (0, 1))),
    (((0, 1), (1, 0)), ((1, 0), (1, 1))),
)
"""Rules of the small tree, leaves first: ``TREE[l - 1][a][k]``."""

v, m, s, L, n_c, f, P, w, p, q, x, t = symbols("v m s L n_c f P w p q x t", positive=True)
l, n, j, k, b, lam, r, rho, kappa = symbols("l n j k b lam r rho kappa", positive=True)
N, H, n_r, phi, c, F, F_1, F_v = symbols("N H n_r phi c F F_1 F_v")
p_star, eps, slope, nu, lead, C2, E2 = symbols("p_star eps slope nu lead C2 E2")
P_lat, P_rule, P_tok, P_sup, P_con = symbols("P_lat P_rule P_tok P_sup P_con")
xi, l_P, S, A_j, A_1, D, C, macs = symbols("xi l_P S A_j A_1 D C macs")
u_a, D_b, p_a, Z, M_b = symbols("u_a D_b p_a Z M_b")
q_a, w_a, Q, alpha, e_a, P_a, c_k, d_i = symbols("q_a w_a Q alpha e_a P_a c_k d_i")
J_bc, P_bc, W, B_1, B_2, T_1, T_2 = matrices("J_bc P_bc W B_1 B_2 T_1 T_2")

_HIERARCHY = {
    v: "symbols of a level",
    m: "rules of a symbol",
    s: "branching",
}
_PRINTED = {
    n_c: "n_c", phi: r"\varphi", F_1: "F'(1)", F_v: "F'(1/v)", p_star: r"p_\star",
    eps: r"\epsilon_\star", slope: r"F'(p_\star)", nu: r"\nu", lead: r"C^2_{\mathrm{lead}}",
    C2: r"E\,C^2", E2: r"E\,\hat C^2", lam: r"\lambda", rho: r"\rho_\lambda", kappa: r"\kappa",
    N: r"P_{\max}", n_r: r"n_{\mathrm{rules}}", xi: r"\xi", l_P: "l(P)",
    P_lat: r"P_{\mathrm{lat}}(l)", P_rule: r"P_\star(l)", P_tok: r"P_{\mathrm{tok}}(l)",
    P_sup: r"P_{\mathrm{sup}}", P_con: r"P_{\mathrm{con}}", A_j: "A_{k+j}", A_1: "A_{k+1}",
    D: "E\\,n_{\\mathrm{distinct}}", C: r"P(\mathrm{copy})", macs: r"n_{\mathrm{MAC}}",
    alpha: r"\bar\alpha_t", J_bc: "J", P_bc: r"\mathcal{P}",
}  # fmt: skip


def below(rules: Any, child: int, symbol: int) -> list[tuple[int, int]]:
    """Return the rules (a, k) that write a symbol at a child."""
    return [(a, k) for a in (0, 1) for k in (0, 1) if rules[a][k][child] == symbol]


def chances(first: list[Any]) -> list[list[Any]]:
    """Return the weights of both rules of each symbol from those of the first rules."""
    return [[p, 1 - p] for p in first]


def upward(rule: Rule, lam: list[Any], weights: list[Any]) -> list[list[list[Any]]]:
    """Return the messages of each node of each level of the small tree."""
    levels = [[list(lam[2 * i : 2 * i + 2]) for i in range(len(lam) // 2)]]
    for rules, chance in zip(TREE, weights, strict=False):
        if len(levels[-1]) == 1:
            break
        nodes = []
        for left, right in zip(levels[-1][::2], levels[-1][1::2], strict=True):
            nodes.append(
                [
                    rule(
                        "u_a",
                        w=chance[a],
                        x=[left[word[0]] for word in rules[a]],
                        y=[right[word[1]] for word in rules[a]],
                        m=2,
                    )
                    for a in (0, 1)
                ]
            )
        levels.append(nodes)
    return levels


def downward(rule: Rule, up: list[Any], top: list[Any], weights: list[Any]) -> list[Any]:
    """Return the messages from above of each node of each level below one node."""
    levels = [[top]]
    for l in range(len(up) - 1, 0, -1):
        nodes = []
        for parent, message in enumerate(levels[0]):
            for child in (0, 1):
                other = up[l - 1][2 * parent + 1 - child]
                found = []
                for b in (0, 1):
                    which = below(TREE[l - 1], child, b)
                    found.append(
                        rule(
                            "D_b",
                            D=[message[a] for a, _ in which],
                            w=[weights[l - 1][a][k] for a, k in which],
                            y=[other[TREE[l - 1][a][k][1 - child]] for a, k in which],
                            n=len(which),
                        )
                        if which
                        else message[0] * 0
                    )
                nodes.append(found)
        levels.insert(0, nodes)
    return levels


def beliefs(
    rule: Rule, *, lam: list[Any], low: list[Any], high: list[Any], root: Any
) -> dict[str, Any]:
    """Evaluate the messages of the small tree: posterior of tokens, joint of level 1, evidence."""
    weights = [chances(low), chances(high)]
    up = upward(rule, lam, weights)
    top = [root, 1 - root]
    down = downward(rule, up, top, weights)
    return {
        "p_a": [
            rule("p_a", u_a=u[a], D_a=d[a], u=u, D=d, v=2)
            for u, d in zip(up[0], down[0], strict=True)
            for a in (0, 1)
        ],
        "tokens": [u[a] * d[a] for u, d in zip(up[0], down[0], strict=True) for a in (0, 1)],
        "joint": [u[a] * d[a] for u, d in zip(up[1], down[1], strict=True) for a in (0, 1)],
        "Z": rule("Z", u=up[-1][0], D=top, v=2),
    }


def block_beliefs(
    rule: Rule, *, lam: list[Any], low: list[Any], high: list[Any], root: Any
) -> dict[str, Any]:
    """Evaluate the truncated denoiser of level 1 on the small tree: posterior of tokens, marginals."""
    top = [root, 1 - root]
    marginals, found, tokens, tops = list[Any](), list[Any](), list[Any](), list[Any]()
    for child in (0, 1):
        marginal = []
        for b in (0, 1):
            which = below(TREE[1], child, b)
            marginal.append(
                rule(
                    "M_b",
                    p=[top[a] for a, _ in which],
                    w=[chances(high)[a][k] for a, k in which],
                    n=len(which),
                )
                if which
                else root * 0
            )
        marginals.append(marginal)
        up = upward(rule, lam[4 * child : 4 * child + 4], [chances(low)])
        down = downward(rule, up, marginal, [chances(low)])
        found += [
            rule("p_a", u_a=u[a], D_a=d[a], u=u, D=d, v=2)
            for u, d in zip(up[0], down[0], strict=True)
            for a in (0, 1)
        ]
        tokens += [u[a] * d[a] for u, d in zip(up[0], down[0], strict=True) for a in (0, 1)]
        tops += [up[1][0][a] * marginal[a] for a in (0, 1)]
    return {"p_a": found, "M_b": [*marginals[0], *marginals[1]], "tokens": tokens, "tops": tops}


def optimal(rule: Rule, *, P: list[Any], e: list[Any], alpha: Any, v: Any) -> dict[str, Any]:
    """Evaluate the weights for every token."""
    q = [rule("q_a", alpha=alpha, e_a=each, v=v) for each in e]
    Q = rule("Q", P=P, q=q, v=len(P))
    return {"w_a": [rule("w_a", P_a=a, q_a=b, Q=Q) for a, b in zip(P, q, strict=True)], "q_a": q}


def level_shares(
    rule: Rule, *, P_0: list[Any], P_1: list[Any], P_2: list[Any], q: list[Any]
) -> dict[str, Any]:
    """Evaluate the share of both levels."""
    found = []
    for low, high in ((P_0, P_1), (P_1, P_2)):
        d = [rule("d_i", P_k=a, P_j=b) for a, b in zip(high, low, strict=True)]
        found.append(rule("c_k", q=q, P=P_0, d=d, n=len(q)))
    return {"c_k": found}


_w, _x, _y, _D, _u, _p, _P, _q, _d = (
    IndexedBase(letter) for letter in ["w", "x", "y", "D", "u", "p", "P", "q", "d"]
)
_P_k, _P_j, _D_a = symbols("P_k P_j D_a")

# Outside `written`, under which a sum prints a factor 1.
_UP = Sum(_w[k] * _x[k] * _y[k], (k, 1, m))
_DOWN = Sum(_D[k] * _w[k] * _y[k], (k, 1, n))
_BOTH = Sum(_u[b] * _D[b], (b, 1, v))
_MARGINAL = Sum(_p[k] * _w[k], (k, 1, n))
_RATIOS = Sum(_P[b] / _q[b], (b, 1, v))
_ALONG = Sum((_q[b] - _P[b]) * _d[b], (b, 1, n))
_SIZE = Sum(_d[b] ** 2, (b, 1, n))

with written():
    _F = Eq(f, m / v ** (s - 1))
    _PHI = Eq(phi, (m * v - 1) / (v**s - 1))
    _POSTERIOR = (
        Eq(u_a, _UP),
        Eq(D_b, _DOWN),
        Eq(p_a, u_a * _D_a / _BOTH),
    )
    _MESSAGES = {
        p_a: "posterior of symbol a of a node",
        u_a: "message from below",
        _D_a: "message from above",
        _w: "weight of a rule",
        _x: "message of the left child at the symbol that the rule writes",
        _y: "message of the right child, or of the other one",
        m: "rules of the symbol",
        n: "rules that write b at this child",
        v: "symbols",
        k: "rule",
        b: "symbol",
    }
    STATEMENTS = (
        Statement(
            "rhm-count",
            (
                Eq(N, n_c * m ** ((s**L - 1) / (s - 1))),
                Eq(H, log(n_c) + (s**L - 1) / (s - 1) * log(m)),
                Eq(n_r, n_c * m + (L - 1) * v * m),
            ),
            symbols={N: "number of strings", H: "entropy of a string", n_r: "number of rules"}
            | _HIERARCHY
            | {L: "depth", n_c: "classes"},
            printed=_PRINTED,
        ),
        Statement(
            "bp-exact",
            (*_POSTERIOR, Eq(Z, _BOTH)),
            symbols=_MESSAGES | {Z: "evidence, at the root, with its probabilities as D"},
            compute=beliefs,
        ),
        Statement(
            "bp-truncated",
            (*_POSTERIOR, Eq(M_b, _MARGINAL)),
            symbols=_MESSAGES
            | {
                M_b: "true marginal of a node, the message from above to the top of a block",
                _p: "marginal of the parent at the symbol of the rule",
            },
            compute=block_beliefs,
        ),
        Statement(
            "d3pm-optimal-w",
            (
                Eq(q_a, alpha * e_a + (1 - alpha) / v),
                Eq(Q, _RATIOS),
                Eq(w_a, P_a / (q_a * Q)),
            ),
            symbols={
                w_a: "weight of clean token a",
                P_a: "its posterior",
                q_a: "probability of the seen token given a",
                e_a: "1 if a is the seen token, else 0",
                alpha: "share of tokens that are kept",
                Q: "normaliser",
                v: "tokens",
                b: "token",
            },
            printed=_PRINTED,
            compute=optimal,
        ),
        Statement(
            "rh-level-shares",
            (
                Eq(d_i, _P_k - _P_j),
                Eq(c_k, _ALONG / _SIZE),
            ),
            symbols={
                c_k: "share of level k",
                _q: "probabilities of the denoiser, over noisy strings, sites and tokens",
                _P: "the truncated denoiser of level 0, and with an index of level k; j = k − 1",
                d_i: "increment",
                n: "strings, sites and tokens",
                b: "one of them",
            },
            compute=level_shares,
        ),
        Statement(
            "class-map",
            (
                _PHI,
                Eq(c, (m - 1) / (v**s - 1)),
                Eq(F, (p**s + c * (1 - p**s)) / (p**s + phi * (1 - p**s))),
            ),
            symbols={
                F: "mean belief in the true symbol, one level above",
                p: "mean belief in the true symbol",
                phi: "other tuples that some rule writes, as a share",
                c: "other tuples of the true symbol, as a share",
            }
            | _HIERARCHY,
            printed=_PRINTED | {F: "F(p)"},
        ),
        Statement(
            "class-slopes",
            (
                Eq(F_1, s * m * (v - 1) / (v**s - 1)),
                Eq(F_v, s * (v - 1) * v**s / (m * v * (v**s - 1))),
            ),
            symbols={F_1: "slope at certainty", F_v: "slope at chance"} | _HIERARCHY,
            printed=_PRINTED,
        ),
        Statement(
            "class-threshold",
            (
                _PHI,
                Eq(p_star, (m - 1) / (v - m)),
                Eq(eps, v * (v - 2 * m + 1) / ((v - m) * (v - 1))),
                Eq(
                    slope,
                    1
                    + (1 - phi)
                    * (1 - p_star)
                    * (p_star - 1 / v)
                    / (p_star**2 + phi * (1 - p_star**2)),
                ),
                Eq(nu, log(2) / log(slope)),
            ),
            symbols={
                p_star: "belief at the transition, for s = 2",
                eps: "noise of the erasure process there",
                slope: "slope of the map there",
                nu: "exponent of the correlation length",
                phi: "an abbreviation",
            }
            | _HIERARCHY,
            printed=_PRINTED,
        ),
        Statement(
            "corr-instance",
            (
                Eq(J_bc, transpose(B_1) * W * B_2),
                Eq(P_bc, transpose(T_1) * J_bc * T_2),
            ),
            symbols={
                P_bc: "joint probabilities of both nodes",
                J_bc: "those of the ancestor's two children",
                W: "diagonal, for each rule of the ancestor its probability",
                B_1: "which symbol a rule writes at the first child",
                B_2: "at the second",
                T_1: "law of the first node given that child",
                T_2: "law of the second node given its ancestor among the children",
            },
            printed=_PRINTED,
        ),
        Statement(
            "corr-finite-size",
            (
                _F,
                Eq(lead, (1 - f) / (v**3 * m ** (1 + n))),
                Eq(r, (1 - 1 / v) / m),
                Eq(t, v**s / (v**s - 1)),
                Eq(rho, (1 - f) * r * t * (1 - r ** (L - lam)) / (1 - r)),
                Eq(C2, lead * t * (1 - 1 / v) ** (2 + n) * (1 + rho)),
            ),
            symbols={
                C2: "mean square of the correlation, corrected",
                lead: "the same to leading order",
                rho: "excess variance of the ancestor's symbols",
                r: "what a link keeps of the variance",
                t: "draws without replacement",
                f: "share of tuples that are written",
                lam: "level of the lowest common ancestor",
                n: "links below its children",
                L: "depth",
            }
            | _HIERARCHY,
            printed=_PRINTED | {n: "n_d"},
        ),
        Statement(
            "noise-floor",
            Eq(E2, p * (1 - p) * q * (1 - q) * (P - 1) / P**2),
            symbols={
                E2: "mean square of the empirical correlation",
                p: "probability of the first feature",
                q: "of the second, independent one",
                P: "strings",
            },
            printed=_PRINTED,
        ),
        Statement(
            "threshold-latent",
            (_F, Eq(P_lat, v * m ** (l + 2) / ((1 - f) * s ** Add(L, -l, -1)))),
            symbols={
                P_lat: "strings",
                l: "level",
                L: "depth",
                f: "share of tuples that are written",
            }
            | _HIERARCHY,
            printed=_PRINTED,
        ),
        Statement(
            "threshold-rule",
            (_F, Eq(P_rule, v * m ** (l + 1) / ((1 - f) * s ** (L - l)))),
            symbols={
                P_rule: "strings",
                l: "level",
                L: "depth",
                f: "share of tuples that are written",
            }
            | _HIERARCHY,
            printed=_PRINTED,
        ),
        Statement(
            "threshold-token",
            (_F, Eq(P_tok, v * m ** (2 * l - 1) / (1 - f))),
            symbols={
                P_tok: "strings",
                l: "level of the ancestor",
                f: "share of tuples that are written",
            }
            | _HIERARCHY,
            printed=_PRINTED,
        ),
        Statement(
            "threshold-supervised",
            Eq(P_sup, n_c * m**L),
            symbols={P_sup: "strings", m: "rules of a symbol", L: "depth", n_c: "classes"},
            printed=_PRINTED,
        ),
        Statement(
            "threshold-latent-context",
            (_F, Eq(P_con, v * m**3 / (1 - f))),
            symbols={P_con: "strings", f: "share of tuples that are written"} | _HIERARCHY,
            printed=_PRINTED,
        ),
        Statement(
            "coherence-length",
            (_F, Eq(xi, Pow(P * (1 - f) / (v * m), log(s) / log(m)))),
            symbols={xi: "length in tokens", P: "strings", f: "share of tuples that are written"}
            | _HIERARCHY,
            printed=_PRINTED,
        ),
        Statement(
            "token-range",
            (_F, Eq(l_P, Mul(Rational(1, 2), Add(1, log(P * (1 - f) / v) / log(m))))),
            symbols={l_P: "level", P: "strings", f: "share of tuples that are written"}
            | _HIERARCHY,
            printed=_PRINTED,
        ),
        Statement(
            "sensitivity-curve",
            (
                Eq(kappa, v / (v - 1) / ((1 - 1 / v) * (1 - 1 / (v * m)))),
                Eq(S, 1 / (1 + kappa * x)),
            ),
            symbols={
                S: "distance of synonyms over that of other tuples",
                x: "strings over the threshold of the level",
                kappa: "an abbreviation",
                v: "symbols of a level",
                m: "rules of a symbol",
            },
            printed=_PRINTED,
        ),
        Statement(
            "plateau-uniform",
            (_F, Eq(A_j, f ** ((s**j - 1) / (s - 1)))),
            symbols={
                A_j: "accuracy j levels above the known ones",
                j: "levels above",
                f: "share of tuples that are written",
            }
            | _HIERARCHY,
            printed=_PRINTED,
        ),
        Statement(
            "plateau-marginal",
            (_F, Eq(A_1, f * (1 + (1 - f) / m) ** s)),
            symbols={
                A_1: "accuracy one level above the known ones",
                f: "share of tuples that are written",
            }
            | _HIERARCHY,
            printed=_PRINTED,
        ),
        Statement(
            "perfect-generator",
            (Eq(D, N * (1 - (1 - 1 / N) ** n)), Eq(C, P / N)),
            symbols={
                D: "distinct strings",
                C: "share of copies",
                N: "strings of the grammar",
                n: "samples",
                P: "training strings",
            },
            printed=_PRINTED,
        ),
        Statement(
            "unet-cost",
            Eq(macs, 3 * s * w**2 * (s**L - 1) / (s - 1)),
            symbols={macs: "multiply-adds of a string", w: "width", s: "branching", L: "depth"},
            printed=_PRINTED,
        ),
    )

__all__ = ["STATEMENTS", "TREE"]
