"""Plausible wrong answers to the exercises of notebook 05, and a piece of the message that each must get."""

MISTAKES = {
    "more_like": [
        ("more_like = lambda t, k: [titles[h.position] for h in index.search(vectors[titles.index(t)], k)]", "itself"),
        (
            "more_like = lambda t, k: [titles[h.position] for h in index.search(vectors[titles.index(t)], k)][1:]",
            "3 titles",
        ),
        ("more_like = lambda t, k: [titles[h.position] for h in index.search(vectors[0], k)]", "own row"),
        ("more_like = lambda t, k: index.search(vectors[titles.index(t)], k + 1)[1:]", "list of titles"),
        ("more_like = ['Harpsichord', 'Keyboard instrument', 'Organ']", "should be a function"),
    ],
    "n_hijacked": [
        (
            "n_hijacked = sum(h[0].position == titles.index('Honey') for h in index.search(question_vectors, 1))",
            "new index",
        ),
        ("n_hijacked = len(question_vectors) + 1", "Count the questions"),
        ("n_hijacked = True", "whole number"),
    ],
    "overlapping": [
        (
            "def overlapping(text, size, step):\n    w = text.split()\n"
            "    return [' '.join(w[i : i + size]) for i in range(0, len(w), step)]",
            "stands whole in the one before",
        ),
        (
            "def overlapping(text, size, step):\n    w = text.split()\n"
            "    return [' '.join(w[i : i + size]) for i in range(0, len(w) - size + 1, step)]",
            "the last word is lost",
        ),
        (
            "def overlapping(text, size, step):\n    w = text.split()\n"
            "    return [w[i : i + size] for i in range(0, len(w), step)]",
            "list of strings",
        ),
        ("overlapping = lambda text, size, step: [text]", "the pieces should be"),
    ],
    "threshold": [
        ("threshold = 0.2", "too many questions"),
        ("threshold = 0.8", "a lower threshold would do"),
        ("threshold = 0.43", "Choose one of"),
        ("threshold = best_known >= 0.5", "should be a number"),
    ],
    "build_centres": [
        ("nearest_centres = lambda vectors, centres: vectors @ centres.T", "has shape (3, 3)"),
        ("nearest_centres = lambda vectors, centres: (vectors @ centres.T).max(axis=1)", "which centre it is"),
        ("nearest_centres = lambda vectors, centres: (vectors @ centres.T).argmin(axis=1)", "farthest away"),
        ("nearest_centres = lambda vectors, centres: (vectors @ centres.T).argmax(axis=0)", "wrong cell"),
    ],
    "build_cells": [
        ("make_cells = lambda numbers, n: [np.flatnonzero(numbers == c) for c in np.unique(numbers)]", "is one, too"),
        ("make_cells = lambda numbers, n: [numbers == c for c in range(n)]", "np.flatnonzero"),
        ("make_cells = lambda numbers, n: [numbers[numbers == c] for c in range(n)]", "should be"),
    ],
    "build_search": [
        (
            "search_cells = lambda query, vectors, centres, cells, n, k: np.argsort(-(vectors @ query))[:k]",
            "every vector",
        ),
        (
            "def search_cells(query, vectors, centres, cells, n, k):\n"
            "    rows = np.concatenate([cells[c] for c in np.argsort(-(centres @ query))[:n]])\n"
            "    return np.argsort(-(vectors[rows] @ query))[:k]",
            "which rows of the library",
        ),
        (
            "def search_cells(query, vectors, centres, cells, n, k):\n"
            "    rows = np.concatenate([cells[c] for c in np.argsort(-(centres @ query))[:n]])\n"
            "    return np.sort(rows[np.argsort(-(vectors[rows] @ query))[:k]])",
            "not in order",
        ),
        (
            "def search_cells(query, vectors, centres, cells, n, k):\n"
            "    rows = np.concatenate([cells[c] for c in np.argsort(centres @ query)[:n]])\n"
            "    return rows[np.argsort(-(vectors[rows] @ query))[:k]]",
            "it should find",
        ),
    ],
}
