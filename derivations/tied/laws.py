"""Proofs on the exact structure of the tied net."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import diag, exp, eye, log, symbols

from derivations._proof import Step, matrix_field, proof, symmetric
from simtheory.analytic.symbolic import Statement

t = symbols("t", positive=True)


def numerators(M: sympy.Matrix) -> sympy.Matrix:
    """Return the numerators of rational entries: they vanish where the entries do."""
    return M.applyfunc(lambda entry: sympy.expand(sympy.fraction(sympy.together(entry))[0]))


def log_of(x: sympy.Expr) -> sympy.Expr:
    """Return a logarithm of positive letters as a sum."""
    return sympy.expand_log(x, force=True)


def logistic(w: sympy.Expr, a: sympy.Expr, w0: sympy.Expr) -> Iterator[Step]:
    """Yield that an expression in t is the mode of rate a from w0."""
    yield Step("The stated mode solves ẇ = 2aw(1−w),", sympy.diff(w, t) - 2 * a * w * (1 - w))
    yield Step("and starts where it should.", w.subs(t, 0) - w0)


@proof("eigen-logit-law")
def eigen_logit_law(statement: Statement) -> Iterator[Step]:
    """An eigenvalue moves by q·Vq, for every motion of its eigenvector."""
    omega, nu, x, y = symbols("omega nu x y", positive=True)
    A = symmetric("a", 2)
    # (x, y) of any length and its perpendicular, divided by that length squared.
    q, p = sympy.Matrix([x, y]), sympy.Matrix([-y, x])
    length = x**2 + y**2
    W = (omega * q * q.T + nu * p * p.T) / length
    speed = (q.T * matrix_field(W, A) * q)[0] / length
    unit = q / sympy.sqrt(length)
    stated = statement.substitute(q=unit, A=A)["logit_speed"][0]
    yield Step(
        "d = 2, any axes: ω̇ = qᵀVq, and d ln[ω/(1−ω)] = dω/(ω(1−ω)).",
        numerators(sympy.Matrix([speed - omega * (1 - omega) * stated])),
    )
    A, W = symmetric("a", 3), diag(*symbols("omega_1:4"))
    V = matrix_field(W, A)
    for k in range(3):
        axis = eye(3)[:, k]
        stated = statement.substitute(q=axis, A=A)["logit_speed"][0]
        yield Step(
            f"d = 3, in the axes of W, eigenvalue {k + 1}: the same.",
            V[k, k] - W[k, k] * (1 - W[k, k]) * stated,
        )


@proof("involution")
def involution(statement: Statement) -> Iterator[Step]:
    """The field takes the same value at W and at I − W."""
    for d, A in ((2, symmetric("a", 2)), (3, diag(*symbols("a_1:4")))):
        W = symmetric("w", d)
        stated = statement.substitute(W=W, A=A)
        yield Step(f"d = {d}: the mirror image swaps known and unknown.", stated["M"] + W - eye(d))
        yield Step(
            f"d = {d}: V(I−W) = V(W), so d/dt (I − W(−t)) = V(W(−t)) = V(I − W(−t)).",
            stated["V"] - matrix_field(W, A),
        )
    w, a = symbols("w a")
    speed = matrix_field(sympy.Matrix([[w]]), sympy.Matrix([[a]]))[0]
    edges = sympy.Matrix([speed.subs(w, 0), speed.subs(w, 1)])
    yield Step("On the edges of the cone an eigenvalue stands still: 0 ≤ W ≤ I is kept.", edges)


@proof("logit-ode")
def logit_ode(statement: Statement) -> Iterator[Step]:
    """Differentiate an inverse: Ṅ = N V(W) N."""
    for d, A in ((2, symmetric("a", 2)), (3, diag(*symbols("a_1:4")))):
        N = symmetric("n", d).subs(symbols("n_13"), 0)  # d = 3: without one entry, for speed
        W = statement.rule("W", N=N)
        yield Step(f"d = {d}: N = (I−W)⁻¹.", numerators(N * (eye(d) - W) - eye(d)))
        moved = N * matrix_field(W, A) * N
        stated = statement.rule("Ndot", N=N, A=A)
        yield Step(
            f"d = {d}: N moves with N V(W) N, which is the stated velocity.",
            numerators(moved - stated),
        )


@proof("two-by-two-laws")
def two_by_two_laws(statement: Statement) -> Iterator[Step]:
    """Jacobi's formula for two determinants, and one identity of 2×2 matrices."""
    a_1, a_2 = symbols("a_1 a_2", positive=True)
    W, W0 = symmetric("w", 2), symmetric("v", 2)
    A, rest = diag(a_1, a_2), eye(2) - symmetric("w", 2)
    V = matrix_field(W, A)
    up = (W.adjugate() * V).trace() / W.det()
    down = -(rest.adjugate() * V).trace() / rest.det()
    values = statement.substitute(W=W, W0=W0, a_1=a_1, a_2=a_2, t=t)
    yield Step(
        "R = det W/det(I−W) grows at 2(a₁+a₂) for every W,",
        numerators(sympy.Matrix([up - down - 2 * (a_1 + a_2)])),
    )
    yield Step("as stated,", sympy.diff(values["R"], t) - 2 * (a_1 + a_2) * values["R"])
    yield Step("from its start.", values["R"].subs(t, 0) - W0.det() / (eye(2) - W0).det())
    ratio = W.det() / rest.det()
    yield Step(
        "det(I−W) = 1 − tr W + det W, so R and the trace give the determinant.",
        numerators(sympy.Matrix([statement.rule("det_W", R=ratio, W=W) - W.det()])),
    )
    start = symbols("R_0", positive=True)
    when = statement.rule("t_half", R0=start, a_1=a_1, a_2=a_2)
    there = statement.rule("R", R0=start, a_1=a_1, a_2=a_2, t=when)
    yield Step("At the stated time R is one,", sympy.simplify(there) - 1)
    yield Step("where tr W is one.", rest.det() - W.det() - (1 - W.trace()))
    tie = 2 * V[0, 1] / W[0, 1] - (up + down) / 2
    yield Step(
        "ln [w₁₂²/√(det W det(I−W))] moves at (a₁+a₂)(1 − tr W);",
        numerators(sympy.Matrix([tie - values["tie_speed"]])),
    )
    yield Step(
        "and ẇ₁₂ is proportional to w₁₂, which cannot change its sign.",
        V[0, 1].subs(W[0, 1], 0),
    )


@proof("plane-hamiltonian")
def plane_hamiltonian(statement: Statement) -> Iterator[Step]:
    """In the eigenvalues of the logit matrix Y and their angle; e^P, e^τ and tan θ are letters."""
    a_1, a_2, x, y, s = symbols("a_1 a_2 x y s", positive=True)
    P, Q, tau = symbols("P Q tau", positive=True)
    y_1, y_2 = x * y, y / x  # x = e^P, y = e^τ
    values = statement.rule
    yield Step(
        "P is the half difference of logits,", log_of(values("P", y_1=y_1, y_2=y_2)) - log(x)
    )
    yield Step("τ their mean,", log_of(values("tau", y_1=y_1, y_2=y_2)) - log(y))
    yield Step("and e^Q is tan θ.", log_of(values("Q", q_1=1, q_2=s)) - log(s))

    q, p = sympy.Matrix([1, s]), sympy.Matrix([-s, 1])
    first, second = y_1 / (1 + y_1), y_2 / (1 + y_2)
    A, length = diag(a_1, a_2), 1 + s**2
    V = matrix_field((first * q * q.T + second * p * p.T) / length, A)
    speeds = [2 * (v.T * A * v)[0] / length for v in (q, p)]  # the eigen-logit law
    turning = (p.T * V * q)[0] / length / (first - second)
    slope = turning * (1 + s**2) / s  # Q' = θ'/(sin θ cos θ)

    H = values("H", a_1=a_1, a_2=a_2, P=P, Q=Q, tau=tau)
    known = {"a_1": a_1, "a_2": a_2, "P": P, "Q": Q, "tau": tau}
    P_dot, Q_dot = values("P_dot", **known), values("Q_dot", **known)
    yield Step("Ṗ = ∂H/∂Q.", (sympy.diff(H, Q) - P_dot).rewrite(exp))
    yield Step("Q̇ = −∂H/∂P.", sympy.simplify((sympy.diff(H, P) + Q_dot).rewrite(exp)))
    letters = {exp(P): x, exp(-P): 1 / x, exp(Q): s, exp(-Q): 1 / s, exp(tau): y, exp(-tau): 1 / y}
    stated = [v.rewrite(exp).subs(letters) for v in (P_dot, Q_dot)]
    moved = sympy.Matrix([(speeds[0] - speeds[1]) / 2 - stated[0], slope - stated[1]])
    yield Step("Both are the flow: the eigen-logit law, and q₂ᵀVq₁ = (ω₁−ω₂)θ̇.", numerators(moved))
    yield Step("And τ runs at the constant speed a₁ + a₂.", sum(speeds) / 2 - a_1 - a_2)


@proof("tied-projector")
def tied_projector(statement: Statement) -> Iterator[Step]:
    """A projector moves as one, by Oja's flow; the linear flow carries its columns."""
    x, y = symbols("x y", positive=True)
    along = sympy.Matrix([x, y])
    P, A = along * along.T / (x**2 + y**2), symmetric("a", 2)
    V = matrix_field(P, A)
    yield Step("At W² = W the field is V = ½(AW + WA) − WAW,", V - (A * P + P * A) / 2 + P * A * P)
    yield Step("and d/dt W² = d/dt W: W stays a projector.", numerators(P * V + V * P - V))
    p, q, r = symbols("p q r", positive=True)
    for U0 in (
        sympy.Matrix([p, q]),
        sympy.Matrix([p, q, r]),
        sympy.Matrix([[1, 0], [0, 1], [p, q]]),
    ):
        d, h = U0.shape
        rates = diag(*symbols(f"a_1:{d + 1}", positive=True))
        values = statement.substitute(A=rates, U0=U0, t=t)
        where = f"d = {d}, {h} column{'s' if h > 1 else ''}"
        yield Step(f"{where}: X starts at U(0).", values["X"].subs(t, 0) - U0)
        # Growths e^{a_k t/2} as letters x_k, with ẋ_k = a_k x_k/2.
        letters = symbols(f"x_1:{d + 1}", positive=True)
        grown = {exp(rates[k, k] * t / 2): letters[k] for k in range(d)}
        W = values["X"].subs(grown)
        W = W * (W.T * W).inv() * W.T
        stated = statement.rule("W", X=values["X"]).subs(grown)
        yield Step(f"{where}: W projects on the columns of X.", numerators(stated - W))
        slope = sum(
            (stated.diff(letters[k]) * letters[k] * rates[k, k] / 2 for k in range(d)),
            sympy.zeros(d, d),
        )
        yield Step(f"{where}: it solves the flow.", numerators(slope - matrix_field(stated, rates)))
    U0, C = sympy.Matrix([[1, 0], [0, 1], [p, q]]), symmetric("c", 2)
    both = (statement.rule("W", X=U) for U in (U0, U0 * C))
    yield Step("Only the span of the columns matters.", numerators(next(both) - next(both)))


@proof("tied-blocks")
def tied_blocks(statement: Statement) -> Iterator[Step]:
    """Blocks stay blocks, and in each the field is a Riccati equation that commutes with W."""
    a, b = symbols("a b", positive=True)
    W, other = symmetric("w", 2), symmetric("v", 2)
    V = matrix_field(diag(W, other), diag(a, a, b, b))
    yield Step("Two blocks: no entry between them moves,", V[:2, 2:])
    yield Step("and in a block of one rate V(W) = 2a(W − W²).", V[:2, :2] - 2 * a * (W - W**2))
    flow = statement.substitute(W0=W, a=a, t=t)["W"]
    yield Step(
        "The closed form solves it for every symmetric start, d = 2.",
        flow.diff(t) - 2 * a * (flow - flow**2),
    )
    yield Step("It starts at the block of W(0).", flow.subs(t, 0) - W)


@proof("tied-whitened-target")
def tied_whitened_teacher(statement: Statement) -> Iterator[Step]:
    """From the loss to a Riccati equation, solved in the axes of the teacher."""
    a, x, y = symbols("a x y", positive=True)
    U, B = sympy.Matrix(2, 2, symbols("u_(1:3)(1:3)")), symmetric("b", 2)
    error = U * U.T - B
    loss = a * (error * error).trace() / 2
    velocity = U.applyfunc(lambda entry: -sympy.diff(loss, entry) / 2)
    W = U * U.T
    yield Step(
        "U̇ = −½∇ of (a/2)|UUᵀ−B|² moves W by a(BW + WB − 2W²).",
        velocity * U.T + U * velocity.T - a * (B * W + W * B - 2 * W**2),
    )
    levels = symbols("b_1:3", real=True, nonzero=True)
    B, start = diag(*levels), symmetric("w", 2)
    Phi = statement.rule("Phi", B=B, a=a, t=t)
    yield Step("In the axes of B: Φ̇ = 2a e^{2aBt},", Phi.diff(t) - 2 * a * (2 * a * t * B).exp())
    yield Step("and Φ = 0 at the start.", Phi.subs(t, 0))
    grown = {exp(2 * a * t * levels[0]): x**2, exp(2 * a * t * levels[1]): y**2}
    grown |= {exp(a * t * levels[0]): x, exp(a * t * levels[1]): y}
    # Φ as two letters, e^{abt} as two more: what is left is rational.
    f = symbols("f_1:3", positive=True)
    form = statement.rule("W", B=B, a=a, t=t, W0=start, Phi=diag(*f)).subs(grown)
    slope = sympy.zeros(2, 2)
    for k, letter in enumerate((x, y)):
        slope += form.diff(letter) * a * levels[k] * letter + form.diff(f[k]) * 2 * a * letter**2
    yield Step(
        "The closed form solves it for every symmetric start, d = 2.",
        numerators(slope - a * (B * form + form * B - 2 * form**2)),
    )
    yield Step("It starts at W(0).", form.subs({x: 1, y: 1, f[0]: 0, f[1]: 0}) - start)


@proof("diagonal-upper-bound")
def diagonal_upper_bound(statement: Statement) -> Iterator[Step]:
    """What the field leaves of a diagonal entry beside its own mode is a sum of squares."""
    rates, W = list(symbols("a_1:4", positive=True)), symmetric("w", 3)
    V = matrix_field(W, diag(*rates))
    for i in range(3):
        row = [W[i, k] for k in range(3)]
        known = {"a": rates, "w_i": row, "a_i": rates[i], "w_ii": W[i, i], "n": 3}
        taken = statement.rule("N_ii", **known)
        others = sum((rates[i] + rates[k]) * W[i, k] ** 2 for k in range(3) if k != i)
        yield Step(f"N of entry {i + 1} is a sum of (a_i+a_k)w_ik² ≥ 0 over k ≠ i,", taken - others)
        stated = statement.rule("w_dot", **known, N_ii=taken)
        yield Step("and what the field takes from the mode.", stated - V[i, i])
    a, w0 = symbols("a w_0", positive=True)
    yield from logistic(statement.rule("w", a_i=a, w0_ii=w0, t=t), a, w0)


@proof("decay-family")
def decay_family(statement: Statement) -> Iterator[Step]:
    """The scalar loss with a penalty; then Jacobi's formula with one more term."""
    a, b, kappa, u, w0 = symbols("a b kappa u w_0", positive=True)
    beta = statement.rule("beta", a=a, b=b, kappa=kappa)
    loss = a * (u**2 - b) ** 2 / 2 + kappa * u**2
    moved = 2 * u * (-sympy.diff(loss, u) / 2)
    yield Step(
        "U̇ = −½∇ of ½a(u²−b)² + κu² moves w = u² by 2w(aβ − aw), β = b − κ/a.",
        moved - 2 * u**2 * (a * beta - a * u**2),
    )
    level = symbols("beta", real=True, nonzero=True)
    w = statement.rule("w", beta=level, a=a, w0=w0, t=t)
    yield Step("The closed form solves it.", sympy.diff(w, t) - 2 * w * (a * level - a * w))
    yield Step("It starts at w(0).", w.subs(t, 0) - w0)
    W, A = symmetric("w", 2), symmetric("a", 2)
    V = matrix_field(W, A) - 2 * kappa * W
    stated = statement.rule("det_speed", W=W, A=A, kappa=kappa, d=2)
    yield Step(
        "With decay W loses 2κW as well, and d/dt ln det W loses 2κd.",
        (W.adjugate() * V).trace() - stated * W.det(),
    )


@proof("tied-rank-one-decay")
def tied_rank_one_decay(statement: Statement) -> Iterator[Step]:
    """The direction is that of power iteration; two numbers are left."""
    s, g, kappa = symbols("s g kappa", positive=True)
    a, u0 = list(symbols("a_1:3", positive=True)), list(symbols("u_1:3", positive=True))
    rule = statement.rule
    u, A = sympy.Matrix(u0), diag(*a)
    velocity = A * u - (u * u.T * A * u + A * u * (u.T * u)) / 2 - kappa * u
    reduced = (1 - u.dot(u) / 2) * A * u - u.dot(A * u) / 2 * u - kappa * u
    yield Step(
        "Width one, with decay: u̇ = (1−g/2)Au − ½(uᵀAu)u − κu, g = |u|².", velocity - reduced
    )
    phi = rule("phi", u0=u0, a=a, s=s, n=2)
    mean = rule("abar", u0=u0, a=a, s=s, n=2, phi=phi)
    yield Step("φ is the squared length under power iteration.", phi.subs(s, 0) - u.dot(u))
    yield Step("The mean rate is half the growth of ln φ.", mean - sympy.diff(log(phi), s) / 2)
    s_dot, g_dot = rule("s_dot", g=g), rule("g_dot", g=g, abar=mean, kappa=kappa)
    u_t = sympy.Matrix([rule("u_k", g=g, phi=phi, a=a, u0=u0, s=s, k=k + 1) for k in range(2)])
    start = u_t.subs(s, 0).subs(g, u.dot(u))
    yield Step("It starts at u(0).", sympy.simplify(start) - u)
    yield Step("The stated vector has squared length g,", sympy.simplify(u_t.dot(u_t)) - g)
    slope = u_t.diff(s) * s_dot + u_t.diff(g) * g_dot
    wanted = (1 - g / 2) * A * u_t - (u_t.dot(A * u_t) / 2 + kappa) * u_t
    # Divided by the vector entry by entry, the root cancels.
    residual = [sympy.simplify((slope[k] - wanted[k]) / u_t[k]) for k in range(2)]
    yield Step("and it solves the flow.", sympy.Matrix(residual))


@proof("gd-modified")
def gd_modified(statement: Statement) -> Iterator[Step]:
    """Expand one step of descent and one of the modified flow; they differ at η³."""
    a, eta, w, w0 = symbols("a eta w w_0", positive=True)
    c = statement.rule("c", eta=eta, a=a)
    speed = statement.rule("w_dot", a=a, w=w, c=c)
    one_step = w * (1 + eta * a * (1 - w)) ** 2
    flowed = w + eta * speed + eta**2 / 2 * speed * sympy.diff(speed, w)
    gap = sympy.expand(one_step - flowed)
    yield Step(
        "One step of u ← u + ηau(1−u²) is w ← w(1 + ηa(1−w))².",
        (sympy.sqrt(w) * (1 + eta * a * (1 - w))) ** 2 - one_step,
    )
    yield Step(
        "The modified flow makes the same step, but for O(η³): so the time it tells is right to O(η²).",
        sympy.Matrix([gap.coeff(eta, k) for k in range(3)]),
    )
    c = symbols("c", positive=True)
    time = statement.rule("t_w", a=a, w=w, w0=w0, c=c)
    speed = statement.rule("w_dot", a=a, w=w, c=c)
    yield Step(
        "The stated time is its quadrature, dt/dw = 1/ẇ,",
        numerators(sympy.Matrix([sympy.diff(time, w) - 1 / speed])),
    )
    yield Step("from w(0).", time.subs(w, w0))


@proof("global-convergence")
def global_convergence(statement: Statement) -> Iterator[Step]:
    """Nothing comes to rest short of W = I; and how fast it gets there.

    In words: the loss is coercive and analytic, so U(t) converges to a critical point. The flow is
    dU = M(t)U, so U keeps its rank.
    """
    W, A = symmetric("w", 2), symmetric("a", 2)
    U = sympy.Matrix(2, 2, symbols("u_(1:3)(1:3)"))
    error = U * U.T - eye(2)
    loss = (error * A * error).trace() / 2
    gradient = U.applyfunc(lambda entry: sympy.diff(loss, entry))
    force = statement.rule("G", W=U * U.T, A=A)
    yield Step("The gradient of the loss is G U, with G = (W−I)A + A(W−I).", gradient - force * U)
    G = statement.rule("G", W=W, A=A)
    missing = statement.rule("missing", W=W, A=A, G=G)
    yield Step(
        "tr A(I−W) is tr A(I−W)² less ½ tr GW, and at rest GW = (GU)Uᵀ = 0.",
        missing - (A * (eye(2) - W)).trace(),
    )
    up = (W.adjugate() * matrix_field(W, A)).trace()
    yield Step(
        "ln det W grows at twice that: at rest at 2 tr A(I−W)², four times the loss. Were it positive, ln det W would "
        "grow without bound, although W is bounded. So a start of full rank ends at W = I.",
        up - 2 * missing.expand() * W.det(),
    )
    a, q = list(symbols("a_1:4", positive=True)), list(symbols("q_1:4"))
    gap = sum(a[k] * q[k] ** 2 for k in range(3)) - a[0] * sum(v**2 for v in q)
    squares = sum((a[k] - a[0]) * q[k] ** 2 for k in (1, 2))
    yield Step("qᵀAq − a_min|q|² = Σ (a_k − a_min) q_k² ≥ 0, with a_1 = a_min.", gap - squares)
    lowest, w0 = symbols("a_min omega_0", positive=True)
    floor = statement.rule("omega", omega0=w0, a_min=lowest, t=t)
    yield from logistic(floor, lowest, w0)
    yield Step(
        "Its logit moves at 2a_min; by the eigen-logit law no eigenvalue's moves slower.",
        numerators(sympy.Matrix([sympy.diff(floor, t) / (floor * (1 - floor)) - 2 * lowest])),
    )
