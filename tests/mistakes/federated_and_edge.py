"""Plausible wrong answers to the exercises of notebook 23, and a piece of the message that each must get."""

TRIMMED = "trimmed = lambda models, n_cut: {}"
UNMASK = """
def unmask(sent, masks, gone):
    total = sum(sent.values())
    for (left, right), mask in masks.items():
        if right == gone:
            total {one}= mask
        elif left == gone:
            total {two}= mask
    return total{end}
"""
ATTACK = "name_words = lambda seen, n: np.argsort(-{})[:{}]"
NOISY = """
def noisy_mean(updates, limit, noise, rng):
    sent = [{}(update, limit) + {} for update in updates]
    return {}
"""
NOISY_FIRST = """
def noisy_mean(updates, limit, noise, rng):
    return np.mean([clip(update + rng.normal(0, noise * limit, update.shape), limit) for update in updates], axis=0)
"""
ONCE = "noisy_mean = lambda updates, limit, noise, rng: {} + rng.normal(0, noise * limit, updates[0].shape)"

MISTAKES = {
    "lie": [
        ("lie = lambda W: -W", "be louder"),
        ("lie = lambda W: np.zeros_like(W)", "be louder"),
        ("lie = lambda W: W * np.nan", "finite numbers"),
        ("lie = lambda W: W[:10]", "takes models of the shape"),
        ("def lie(W):\n    W[-1, 5] = 1000\n    return W", "work on a copy"),
    ],
    "trimmed": [
        (TRIMMED.format("np.mean(models, axis=0)"), "extremes still inside"),
        (TRIMMED.format("np.median(models, axis=0)"), "That is the median"),
        (TRIMMED.format("np.sort(models, axis=0)[: len(models) - n_cut].mean(axis=0)"), "cut the largest only"),
        (TRIMMED.format("np.mean(models[n_cut : len(models) - n_cut], axis=0)"), "whatever they sent"),
        (TRIMMED.format("np.sort(models, axis=0)[n_cut:-n_cut].mean(axis=0)"), "is empty"),
        (TRIMMED.format("np.sort(models, axis=0)[n_cut : len(models) - n_cut]"), "shape of one model"),
        ("trimmed = [[4.0, -4.0, 5.0]]", "should be a function"),
    ],
    "unmask": [
        ("unmask = lambda sent, masks, gone: sum(sent.values()) % 100", "still inside"),
        (UNMASK.format(one="+", two="-", end=" % 100"), "second time"),
        (UNMASK.format(one="-", two="-", end=" % 100"), "add it back"),
        (UNMASK.format(one="-", two="+", end=""), "Take the remainder"),
        ("unmask = lambda sent, masks, gone: 15", "the sum is 29"),
    ],
    "rounds_until": [
        ("rounds_until = lambda noise, clean: int(np.ceil(noise / clean)) * 6", "has to grow with the square"),
        ("rounds_until = lambda noise, clean: 3 * noise // clean", "has to grow with the square"),
        ("rounds_until = lambda noise, clean: int(np.ceil((noise / clean) ** 2))", "three times the noise"),
        ("rounds_until = lambda noise, clean: int((3 * noise / clean) ** 2)", "For noise 1 and clean 2"),
        ("rounds_until = lambda noise, clean: int(np.ceil((3 * noise / clean) ** 2))", "Without noise"),
    ],
    "build_clip": [
        ("shorten = lambda update, limit: np.clip(update, -limit, limit)", "each number by itself"),
        ("shorten = lambda update, limit: update * limit / np.linalg.norm(update)", "shorter than the limit"),
        ("shorten = lambda u, limit: u / np.linalg.norm(u) * min(limit, np.linalg.norm(u))", "do not divide"),
        ("shorten = lambda update, limit: update / np.abs(update).sum()", "root of the sum"),
        ("def shorten(update, limit):\n    update /= 5\n    return update", "return a new one"),
        ("shorten = lambda u, limit: u / np.linalg.norm(u) if np.linalg.norm(u) > limit else u", "limit, not 1"),
    ],
    "build_noisy_mean": [
        (ONCE.format("clip(np.mean(updates, axis=0), limit)"), "Each client clips"),
        (ONCE.format("np.mean([clip(each, limit) for each in updates], axis=0)"), "drawn once"),
        (NOISY.format("clip", "rng.normal(0, noise, update.shape)", "np.mean(sent, axis=0)"), "multiple of the limit"),
        (NOISY.format("clip", "rng.normal(0, noise * limit, update.shape)", "np.sum(sent, axis=0)"), "That is the sum"),
        (NOISY.format("clip", "rng.normal(0, noise * limit)", "np.mean(sent, axis=0)"), "moves all alike"),
        ("noisy_mean = lambda updates, limit, noise, rng: np.mean(updates, axis=0)", "Each client clips"),
        (NOISY.format("clip", "0", "np.mean(sent, axis=0)"), "There is no noise"),
        (NOISY_FIRST, "clip the noise too"),
    ],
    "build_attack": [
        (ATTACK.format("np.linalg.norm(seen, axis=2).sum(axis=0)", "n"), "noise piles up"),
        (ATTACK.format("np.linalg.norm(seen[-1], axis=1)", "n"), "last round only"),
        (ATTACK.format("np.sum(seen, axis=(0, 2))", "n"), "take the row's length"),
        (ATTACK.format("np.linalg.norm(np.sum(seen, axis=0), axis=1)", "3"), "as many words"),
        (
            "name_words = lambda seen, n: np.argsort(np.linalg.norm(np.sum(seen, axis=0), axis=1))[-n:]",
            "longest row first",
        ),
    ],
}
