"""Proofs on concept graphs: regression, kernels, toys of acquisition, prompts."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import Rational, diag, exp, eye, log, sqrt, symbols

from derivations._proof import Step, proof, symmetric
from simtheory.analytic.symbolic import STATEMENTS, Statement

t, p, mu, sigma, rho, a, b = symbols("t p mu sigma rho a b", positive=True)
n, d = symbols("n d", integer=True, positive=True)


def _moment(statement: Statement) -> tuple[sympy.Matrix, sympy.Matrix]:
    """Return the stated second moment of two classes, and the mean of φφᵀ over their data."""
    weights, means = (p, 1 - p), sympy.Matrix(2, 2, symbols("c_(1:3)(1:3)"))
    spread, noise = symbols("s_1:3", positive=True), symbols("z_1:3")
    features = sympy.Matrix([[1, 1], *means.T.tolist()])
    stated = statement.rule("A", Phi=features, P=diag(*weights), D=diag(0, *(s**2 for s in spread)))
    mean = sympy.zeros(3, 3)
    for k in range(2):
        x = sympy.Matrix([1, *(means[k, i] + spread[i] * noise[i] for i in range(2))])
        square = (x * x.T).applyfunc(lambda entry: _standard(entry, noise))
        mean += weights[k] * square
    return stated, mean


def _standard(entry: sympy.Expr, noise: tuple[sympy.Symbol, ...]) -> sympy.Expr:
    """Return the mean of a quadratic polynomial in independent standard normal numbers."""
    terms = sympy.Poly(entry, *noise).terms()
    return sum(c * sympy.prod([{0: 1, 1: 0, 2: 1}[k] for k in powers]) for powers, c in terms)


@proof("affine-regression")
def affine_regression(statement: Statement) -> Iterator[Step]:
    """Gradient of the loss, then the linear equation that it gives."""
    stated, mean = _moment(statement)
    yield Step(
        "The mean of φφᵀ over the data of two classes is A, since the frequencies sum to one.",
        stated - mean,
    )
    W, A = sympy.Matrix(2, 3, symbols("w_(1:3)(1:4)")), symmetric("a", 3)
    S = sympy.Matrix([[0, 1, 0], [0, 0, 1]])
    loss = ((W - S) * A * (W - S).T).trace() / 2
    gradient = W.applyfunc(lambda entry: sympy.diff(loss, entry))
    yield Step(
        "The data are Sφ, so ½E|Wφ − Sφ|² has the gradient (W − S)A.", gradient - (W - S) * A
    )

    rates, free = (
        diag(*symbols("l_1:4", positive=True)),
        sympy.Matrix(2, 3, symbols("s_(1:3)(1:4)")),
    )
    flow = statement.rule("f", A=rates, S=free, phi=eye(3), t=t)
    yield Step(
        "Along the eigenvectors: the map solves Ẇ = (S − W)A;", flow.diff(t) - (free - flow) * rates
    )
    yield Step("it starts at zero.", flow.subs(t, 0))
    cos, sin = symbols("c s", positive=True)
    turn = sympy.Matrix([[cos, -sin], [sin, cos]])
    pair, two = diag(*symbols("l_1:3", positive=True)), free[:, :2]
    turned = statement.rule("f", A=pair, S=two * turn, phi=eye(2), t=t) * turn.T
    residual = turned.diff(t) - (two - turned) * turn * pair * turn.T
    yield Step(
        "A turned second moment turns the solution with it, so any A is covered.",
        residual.applyfunc(lambda x: sympy.rem(sympy.expand(x), cos**2 + sin**2 - 1, cos)),
    )


@proof("discrete-descent")
def discrete_descent(statement: Statement) -> Iterator[Step]:
    """One step after the other."""
    stated, mean = _moment(statement)
    yield Step("The mean of φφᵀ over the data is A.", stated - mean)
    eta = sympy.Symbol("eta", positive=True)
    A, S = symmetric("a", 2), sympy.Matrix(1, 2, symbols("s_1:3"))
    here = statement.rule("f", A=A, S=S, phi=eye(2), eta=eta, s=0)
    yield Step("Before the first step the map is zero.", here)
    for s in range(3):
        there = statement.rule("f", A=A, S=S, phi=eye(2), eta=eta, s=s + 1)
        yield Step(
            f"Step {s + 1} adds η(S − W)A, the negative gradient.",
            (there - here - eta * (S - here) * A).applyfunc(sympy.expand),
        )
        here = there


@proof("affine-exchangeable")
def exchangeable(statement: Statement) -> Iterator[Step]:
    """The second moment has two even eigenvectors; all odd ones share a rate."""
    rule = statement.rule
    size = 3
    c = rule("c", a=a, b=b, n=size, spread=sigma)
    A = sympy.Matrix(size + 1, size + 1, lambda i, j: b)
    A[0, :] = sympy.Matrix([[1, *[a] * size]])
    A[:, 0] = A[0, :].T
    for i in range(1, size + 1):
        A[i, i] = a + sigma**2
    even = sympy.Matrix([[1, 0], *[[0, 1 / sqrt(size)]] * size])
    yield Step(
        "On the constant and the even direction of n = 3 the second moment is [[1, a√n], [a√n, c]].",
        even.T * A * even - sympy.Matrix([[1, a * sqrt(size)], [a * sqrt(size), c]]),
    )
    odd = sympy.Matrix([0, 1, -1, 0])
    yield Step(
        "Differences of concepts have the rate a − b + σ².", A * odd - (a - b + sigma**2) * odd
    )

    letter = sympy.Symbol("c")
    gap = rule("Delta", c=letter, a=a, n=n)
    fast, slow = (rule(name, c=letter, Delta=gap) for name in ("l_p", "l_m"))
    yield Step("The even rates add up to the trace,", fast + slow - (1 + letter))
    yield Step("their product is the determinant,", sympy.expand(fast * slow - (letter - n * a**2)))
    yield Step("and λ₊ is the larger.", fast - slow - sqrt((1 - letter) ** 2 + 4 * n * a**2))

    # Parameters of the rates: λ₊ = 1 + x, λ₋ = 1 − y, hence c = 1 + x − y and n a² = x y.
    x, y = symbols("x y", positive=True)
    known = {
        "c": 1 + x - y,
        "Delta": x + y,
        "l_p": 1 + x,
        "l_m": 1 - y,
        "a": sqrt(x * y / n),
        "n": n,
    }
    yield Step(
        "Such x and y exist: they give the stated gap,", (x + y) ** 2 - rule("Delta", **known) ** 2
    )

    def lifted(count: object) -> sympy.Expr:
        return rule("even", d=count, t=t, **known)

    constant, each = lifted(0) * sqrt(n), (lifted(1) - lifted(0)) * n
    row = sympy.Matrix([[constant, each]])
    pair = sympy.Matrix([[1, sqrt(x * y)], [sqrt(x * y), 1 + x - y]])
    velocity = row.diff(t) - (sympy.Matrix([[0, 1]]) - row) * pair
    yield Step(
        "The even part solves its two equations of motion,", velocity.applyfunc(sympy.simplify)
    )
    yield Step("from zero,", row.subs(t, 0).applyfunc(sympy.simplify))
    yield Step("and is linear in d.", sympy.simplify(lifted(d) - lifted(0) - d * each / n))

    E = sympy.Symbol("E")
    rest = {"even": E, "a": a, "b": b, "spread": sigma, "n": n, "d": d, "t": t}
    on, off = rule("f_on", **rest), rule("f_off", **rest)
    risen = 1 - exp(-(a - b + sigma**2) * t)
    yield Step(
        "The class minus its mean d/n is odd: 1 − d/n where on,", on - E - (1 - d / n) * risen
    )
    yield Step("−d/n where off.", off - E + d / n * risen)


@proof("affine-star")
def star(statement: Statement) -> Iterator[Step]:
    """Put the chances of the star into the form for exchangeable splits."""
    rule, general = statement.rule, STATEMENTS["affine-exchangeable"].rule
    share = rule("p", n=n)
    yield Step("Each concept is on in one of n + 1 classes, no two together.", share * (n + 1) - 1)
    chances = {"a": p, "b": sympy.Integer(0), "spread": sympy.Integer(0), "n": n, "d": d, "t": t}
    c = general("c", **chances)
    yield Step("So c = p,", c - p)
    gap = rule("Delta", p=p, n=n)
    yield Step("the gap is that of the general form,", gap - general("Delta", c=p, **chances))
    G, x, y, E = symbols("Delta x y E", positive=True)
    yield Step("and so are the rates,", rule("l_p", p=p, Delta=G) - general("l_p", c=p, Delta=G))
    yield Step("fast and slow,", rule("l_m", p=p, Delta=G) - general("l_m", c=p, Delta=G))
    rates = {"Delta": G, "l_p": x, "l_m": y, "d": d, "n": n, "t": t}
    yield Step("the even part,", rule("even", p=p, **rates) - general("even", c=p, a=p, **rates))
    for name in ("f_on", "f_off"):
        stated = rule(name, even=E, p=p, n=n, d=d, t=t)
        yield Step("and the outputs.", stated - general(name, even=E, **chances))


@proof("affine-star-asymptote")
def asymptote(statement: Statement) -> Iterator[Step]:
    """At d = n the odd part is absent; keep the slow mode alone."""
    rule, whole = statement.rule, STATEMENTS["affine-star"].rule
    yield Step("The frequency is that of the star,", rule("p", n=n) - whole("p", n=n))
    gap = rule("Delta", p=p, n=n)
    yield Step("so is the gap,", gap - whole("Delta", p=p, n=n))
    G = sympy.Symbol("Delta", positive=True)
    slow, fast = (whole(name, p=p, Delta=G) for name in ("l_m", "l_p"))
    yield Step("and the slow rate.", rule("l_m", p=p, Delta=G) - slow)
    c = rule("c", p=p, Delta=G)
    even = whole("even", p=p, Delta=G, l_p=fast, l_m=slow, d=n, n=n, t=t)
    on = whole("f_on", even=even, p=p, d=n, n=n, t=t)
    left = 1 - c * exp(-slow * t) - (1 - c) * exp(-fast * t)
    yield Step("f_on = 1 − c e^{−λ₋t} − (1 − c)e^{−λ₊t} at d = n.", sympy.simplify(on - left))
    e, w = symbols("l c", positive=True)
    time = rule("T", c=w, l_m=e)
    yield Step(
        "Without the fast mode it is ½ at T.", sympy.simplify(w * exp(-e * time) - Rational(1, 2))
    )
    root = sympy.sqrt(1 + 2 * p - 3 * p**2)
    yield Step(
        "With n = 1/p − 1 the gap is √(1 + 2p − 3p²);",
        sympy.expand(gap.subs(n, 1 / p - 1) ** 2 - root**2),
    )
    rate = rule("l_m", p=p, Delta=root)
    yield Step("the slow rate tends to p²,", sympy.limit(rate / p**2, p, 0) - 1)
    yield Step(
        "so T_n → ln 2 (n + 1)².",
        sympy.limit(rule("T", c=rule("c", p=p, Delta=root), l_m=rate) * p**2, p, 0) - log(2),
    )


@proof("bias-free-degeneracy")
def degeneracy(statement: Statement) -> Iterator[Step]:
    """Without the constant the second moment of the star is a multiple of the identity."""
    size = 3
    classes = [sympy.zeros(size, 1), *(eye(size)[:, k] for k in range(size))]
    moment = sum(((mu * v) * (mu * v).T for v in classes), sympy.zeros(size)) / (size + 1)
    moment += sigma**2 * eye(size)
    rate = mu**2 / (n + 1) + sigma**2
    yield Step("A = (μ²/(n+1) + σ²) I, for n = 3,", moment - rate.subs(n, size) * eye(size))
    flow = STATEMENTS["one-layer-flow"].rule("W", W0=sympy.zeros(size), A=moment, I=eye(size), t=t)
    yield Step(
        "so W = (1 − e^{−at}) I: every class is scaled alike,",
        flow - (1 - exp(-rate.subs(n, size) * t)) * eye(size),
    )
    time = statement.rule("T", mu=mu, spread=sigma, n=n)
    yield Step(
        "and every concept that is on crosses ½ at T.",
        sympy.simplify(exp(-rate * time) - Rational(1, 2)),
    )


@proof("overlap-kernel")
def overlap_kernel(statement: Statement) -> Iterator[Step]:
    """The flow of a net that is linear in its parameters, in function space."""
    features, seen = (
        sympy.Matrix(2, 3, symbols("g_(1:3)(1:4)")),
        sympy.Matrix(1, 3, symbols("h_1:4")),
    )
    weights, targets = diag(*symbols("p_1:3", positive=True)), sympy.Matrix(symbols("y_1:3"))
    theta = sympy.Matrix(symbols("theta_1:4"))
    missed = targets - features * theta
    loss = (missed.T * weights * missed)[0] / 2
    gradient = sympy.Matrix([sympy.diff(loss, entry) for entry in theta])
    yield Step(
        "The output ψθ moves with k_v P(Y − F): the kernel is that of the features.",
        -seen * gradient - seen * features.T * weights * missed,
    )
    other, key = symbols("q l", positive=True), sympy.Matrix(1, 2, symbols("k_1:3"))
    for words, P, K in (
        ("Equal frequencies, a full kernel:", eye(2) / 2, sympy.Matrix([[1, rho], [rho, 1]])),
        ("Unequal frequencies and kernels:", diag(p, 1 - p), diag(*other)),
    ):
        flow = statement.rule("f", P=P, K=K, k=key, Y=targets, t=t)
        trained = statement.rule("f", P=P, K=K, k=K, Y=targets, t=t)
        residual = flow.diff(t) - key * P * (targets - trained)
        yield Step(f"{words} the form solves ḟ = k P(Y − F),", residual.applyfunc(sympy.simplify))
        yield Step("from zero.", flow.subs(t, 0).applyfunc(sympy.simplify))


@proof("memorisation-leak")
def leak(statement: Statement) -> Iterator[Step]:
    """Write the kernel of a class as a combination of those of the trained ones."""
    on = statement.rule("f_on", rho=rho, d=d)
    zero = rho**d * (
        1 - d
    )  # coefficient of the class without a concept; each concept that is on has `on`
    yield Step(
        "With itself: at 0 the combination is ρ^d,", sympy.simplify(zero + d * on * rho - rho**d)
    )
    yield Step(
        "at a trained class whose concept is on, ρ^{d−1},",
        sympy.simplify(zero * rho + on * (1 + (d - 1) * rho**2) - rho ** (d - 1)),
    )
    yield Step(
        "at one whose concept is off, ρ^{d+1}: these are the kernels of the class.",
        sympy.simplify(zero * rho + on * d * rho**2 - rho ** (d + 1)),
    )
    yield Step(
        "So a concept that is on ends at its coefficient ρ^{d−1}.",
        sympy.simplify(on - rho ** (d - 1)),
    )
    more = sympy.Symbol("e", positive=True)  # d = 1 + e
    edge = statement.rule("rho_c", d=1 + more)
    yield Step("It is ½ at ρ_c,", sympy.simplify(edge**more - Rational(1, 2)))
    yield Step("which is positive.", sqrt(edge**2) - edge)


@proof("kernel-finetune")
def finetune(statement: Statement) -> Iterator[Step]:
    """Kernel regression on one class, from the outputs that are there."""
    before, y, g = symbols("before y g")
    h = sympy.Symbol("h", integer=True, positive=True)
    one = sympy.Matrix([[1]])
    flow = STATEMENTS["overlap-kernel"].rule(
        "f", k=sympy.Matrix([[rho**h]]), P=one, K=one, Y=sympy.Matrix([[y - g]]), t=t
    )
    stated = statement.rule("f", before=before, rho=rho, h=h, y=y, g=g, t=t)
    yield Step(
        "What is missing of the target is added with the kernel of both classes.",
        stated - before - flow[0],
    )


@proof("bernoulli-toy")
def bernoulli(statement: Statement) -> Iterator[Step]:
    """Chances of independent gains multiply."""
    q = sympy.Symbol("q", positive=True)  # chance of no gain in a step
    chance = statement.rule("chance", p=1 - q, t=t, n=n)
    later = statement.rule("chance", p=1 - q, t=t + 1, n=1)
    once = statement.rule("chance", p=1 - q, t=t, n=1)
    yield Step(
        "A skill that is missing stays so with chance 1 − p.",
        sympy.expand(1 - later - q * (1 - once)),
    )
    yield Step("At the start none is gained.", statement.rule("chance", p=1 - q, t=0, n=1))
    yield Step("All of n skills: the product.", chance - once**n)
    r = sympy.Symbol("r", positive=True)  # the level is rⁿ
    time = statement.rule("T", p=1 - q, level=r**n, n=n)
    missing = sympy.powsimp(sympy.exp(sympy.expand_log(time * log(q), force=True)))
    yield Step("At T the chance is the level.", sympy.simplify(missing - (1 - r)))


@proof("sim-modes")
def modes(statement: Statement) -> Iterator[Step]:
    """Put the times into the modes."""
    rate = statement.rule("a", spread=sigma, p=p, mu=mu)
    z = sympy.Symbol("z")
    square = sympy.expand(p * (mu + sigma * z) ** 2 + (1 - p) * (sigma * z) ** 2)
    yield Step("The rate is the second moment of the concept.", _standard(square, (z,)) - rate)
    one = STATEMENTS["one-layer-flow"].rule(
        "W", W0=sympy.zeros(1), A=sympy.Matrix([[a]]), I=eye(1), t=statement.rule("T_1", a=a)
    )
    yield Step("One layer is at ½ at T₁.", sympy.simplify(one[0] - Rational(1, 2)))
    odds = sympy.Symbol("o", positive=True)
    start = 1 / (1 + odds)
    tied = STATEMENTS["tied-mode"].rule("w", w0=start, a=a, t=statement.rule("T_2", w0=start, a=a))
    yield Step("Two tied layers are at ½ at T₂.", sympy.simplify(tied - Rational(1, 2)))


@proof("frequency-law")
def frequency(statement: Statement) -> Iterator[Step]:
    """Differentiate both half times."""
    stated = statement.rule("slope", p=p, mu=mu, spread=sigma)
    rule = STATEMENTS["sim-modes"].rule
    rate = rule("a", spread=sigma, p=p, mu=mu)
    for words, time in (
        ("One layer:", rule("T_1", a=rate)),
        ("Two tied layers:", rule("T_2", a=rate, w0=Rational(1, 1000))),
    ):
        yield Step(
            f"{words} (p/T) dT/dp is the slope.", sympy.simplify(p * time.diff(p) / time - stated)
        )
    yield Step("Without spread it is −1.", sympy.simplify(stated.subs(sigma, 0) + 1))


@proof("critical-frequency")
def critical(statement: Statement) -> Iterator[Step]:
    """The half time of the tied mode, solved for the frequency."""
    T, odds = symbols("T o", positive=True)
    start = 1 / (1 + odds)
    C = statement.rule("C", w0=start)
    edge = statement.rule("p_c", C=C, T=T, mu=mu, spread=sigma)
    rate = STATEMENTS["sim-modes"].rule("a", spread=sigma, p=edge, mu=mu)
    mode = STATEMENTS["tied-mode"].rule
    yield Step(
        "At p_c the mode is at ½ when the budget ends.",
        sympy.simplify(mode("w", w0=start, a=rate, t=T) - Rational(1, 2)),
    )
    any_rate = STATEMENTS["sim-modes"].rule("a", spread=sigma, p=p, mu=mu)
    w = mode("w", w0=start, a=any_rate, t=T)
    width = statement.rule("width", mu=mu, T=T)
    yield Step(
        "Its logit is linear in p, with slope 1/Δp.",
        sympy.simplify(w.diff(p) / (w * (1 - w)) - 1 / width),
    )


@proof("hidden-window")
def window(statement: Statement) -> Iterator[Step]:
    """Cross ½ with the gain and without it."""
    more, w, tau = symbols("g w tau", positive=True)
    gain = 1 + more
    wait = statement.rule("T_log", width=w, gain=gain)
    q = 1 / (1 + exp(-(t - tau) / w))
    yield Step("A logistic is at ½ at τ;", q.subs(t, tau) - Rational(1, 2))
    yield Step(
        "the window earlier, λ times it is.",
        sympy.simplify(gain * q.subs(t, tau - wait) - Rational(1, 2)),
    )
    early = statement.rule("T_exp", gain=gain, rate=a)
    half = log(2) / a
    yield Step(
        "An exponential is at ½ at ln 2/a;", sympy.simplify(1 - exp(-a * half) - Rational(1, 2))
    )
    yield Step(
        "the window earlier, λ times it is.",
        sympy.simplify(gain * (1 - exp(-a * (half - early))) - Rational(1, 2)),
    )


@proof("masked-caption")
def masked(statement: Statement) -> Iterator[Step]:
    """Solve the normal equations of the four kinds of captions."""
    m = sympy.Symbol("m", positive=True)
    rows = sympy.Matrix([[1, -1, -1], [1, 1, -1], [1, -1, 1], [1, 0, 1]])
    weights, targets = diag(1, 1, 1 - m, m) / 3, sympy.Matrix([-1, 1, -1, -1])
    solved = (rows.T * weights * rows).LUsolve(rows.T * weights * targets)
    w_c = statement.rule("w_c", m=m)
    yield Step(
        "The weight of the colour solves the normal equations,", sympy.simplify(solved[1] - w_c)
    )
    colour = statement.rule("colour", m=m)
    blue = sympy.Matrix([[1, 1, 1]]) * solved
    yield Step("and so does the colour of the blue triangle.", sympy.simplify(blue[0] - colour))
