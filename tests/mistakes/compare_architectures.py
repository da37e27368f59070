"""Plausible wrong answers to the exercises of notebook 20, and a piece of the message that each must get."""

MAKE = """
def make(guess, noise, n_steps):
    x = noise
    for step in range(n_steps):
        t = {t}
        x = x {sign} guess(x, t) / {by}
    return x
"""

FIELD = """
def field(steps, halves):
    width, apart = 1, 1
    for number, step in enumerate(steps):
        if {when}:
            {halving}
        width += {adds}
    return width
"""
LOOK_UP = """
def look_up(question, tickets, colours):
    scores = {scores}
    shares = np.exp(scores - scores.max())
    shares = shares / shares.sum()
    return shares @ {values}
"""
HALVING = "width, apart = width + apart, 2 * apart"

MISTAKES = {
    "times_more": [
        ("times_more = (32 * 12 * 12) * (12 * 12 + 1)", "Divide by the convolution"),
        ("times_more = round(144 * 32 * 144 / (32 * 9))", "left out the biases"),
        ("times_more = round((144 * 32 + 32) / 320)", "an output for each kernel at each place"),
        ("times_more = 144", "9 weights and a bias each"),
        ("times_more = 2088.0", "a whole number"),
    ],
    "deaf_bias": [
        ("deaf_bias = -8.0", "nearly shut"),
        ("deaf_bias = 4.6", "is left"),  # 0.99 after one hour
        ("deaf_bias = 20", "the smallest bias"),
        ("deaf_bias = 7.9", "the smallest bias"),
        ("deaf_bias = 'large'", "one number"),
    ],
    "field": [
        (FIELD.format(when="number and halves", halving="width += apart", adds="2 * step * apart"), "twice as far"),
        (FIELD.format(when="number and halves", halving="apart *= 2", adds="2 * step * apart"), "has seen both"),
        (FIELD.format(when="halves", halving=HALVING, adds="2 * step * apart"), "not before the first one"),
        (FIELD.format(when="number and halves", halving=HALVING, adds="2 * apart"), "two steps"),
        (FIELD.format(when="False", halving="pass", adds="2 * step"), "doubled by each halving"),
        ("field = lambda steps, halves: 2 * sum(steps)", "begin with a width of 1"),
        ("field = lambda steps, halves: {(1, 1, 1): 18 if halves else 7}.get(steps, 15)", "doubled by each halving"),
        ("field = 18", "a function"),
    ],
    "look_up": [
        (LOOK_UP.format(scores="tickets @ question / np.sqrt(8)", values="colours"), "make the softmax sharper"),
        ("look_up = lambda q, t, c: attend(q[None], t, c, causal=False)[0]", "make the softmax sharper"),
        (LOOK_UP.format(scores="3 * tickets @ question", values="tickets"), "mix the colours"),
        (LOOK_UP.format(scores="-3 * tickets @ question", values="colours"), "another coat's colour"),
        ("look_up = lambda question, tickets, colours: tickets @ question @ colours", "a softmax"),
        ("look_up = lambda q, t, c: attend(q[None], t, c, causal=False, scale=3.0)", "the shape (1, 8)"),
        ("look_up = lambda q, t, c: attend(q[None], t, c, causal=False, scale=3.0)[0].argmax()", "gets a share"),
        ("look_up = lambda q, t, c: c.mean(axis=0)", "another coat's colour"),
    ],
    "cheat": [
        ("cheat = np.zeros((1000, 2))", "where is a mode"),
        ("cheat = np.tile(exercise.mode_centres(), (125, 1))", "makes only one"),
        ("cheat = exercise.mode_centres()[0]", "(1000, 2)"),
        ("cheat = 'one point'", "an array"),
    ],
    "mix": [
        ("mix = lambda points, noise, t: t * points + (1 - t) * noise", "Exchanged"),
        ("mix = lambda points, noise, t: points + t * noise", "must fade"),
        ("mix = lambda points, noise, t: (points + noise) / 2", "(1 - t) times the point"),
        ("mix = lambda points, noise, t: (1 - t[0, 0]) * points[0]", "four mixtures"),
    ],
    "direction": [
        ("direction = lambda points, noise: points - noise", "from the noise to the point"),
        (
            "direction = lambda a, b: (b - a) / np.linalg.norm(b - a, axis=1, keepdims=True)",
            "Leave the length",
        ),
        ("direction = lambda points, noise: noise", "when t grows"),
        ("direction = lambda a, b: np.linalg.norm(b - a, axis=1)", "for each point"),
    ],
    "make": [
        (MAKE.format(t="1 - step / n_steps", sign="+", by="n_steps"), "against the direction"),
        (MAKE.format(t="step / n_steps", sign="-", by="n_steps"), "from t = 0 upwards"),
        (MAKE.format(t="1 - step / n_steps", sign="-", by="1"), "by 4 in all"),
        (MAKE.format(t="1 - (step + 1) / n_steps", sign="-", by="n_steps"), "asked at t = 1"),
        ("def make(guess, noise, n_steps):\n    return noise - guess(noise, 1.0)", "you asked 1 times"),
    ],
}
