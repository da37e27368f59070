"""Plausible wrong answers to the exercises of notebook 13, and a piece of the message that each must get."""

MISTAKES = {
    "share_unseen": [
        ("share_unseen = np.mean(counts == 0)", "all 512 × 512 pairs"),
        ("share_unseen = np.mean(counts[inputs, targets] > 0)", "that were seen"),
        ("share_unseen = int(np.sum(counts[inputs, targets] == 0))", "divide by the number"),
        ("share_unseen = np.mean(counts[targets, inputs] == 0)", "other way round"),
        ("share_unseen = 0.5", "Not quite"),
        ("share_unseen = counts[inputs, targets] == 0", "should be a number"),
    ],
    "learning_rate": [
        ("learning_rate = lambda s, n, h, w: h * s / w if s < w else h * (n - s) / (n - w)", "that step is wasted"),
        ("learning_rate = lambda s, n, h, w: h * (n - s) / (n - w) if s >= w else h", "no warm-up"),
        ("learning_rate = lambda s, n, h, w: h * (s + 1) / w if s < w else h", "stays where it is"),
        ("learning_rate = lambda s, n, h, w: h * (s + 1) / w if s < w else h * (1 - s / n)", "jumps down"),
        ("learning_rate = lambda s, n, h, w: h * (s + 1) / w if s < w else h / (s - w + 1)", "way down is not right"),
        ("learning_rate = lambda s, n, h, w: [h * (s + 1) / w]", "return a number"),
        ("learning_rate = 0.001", "should be a function"),
    ],
    "ruined": [
        ("ruined = train(TinyGPT(small, seed=0), ids, 30)", "still learns"),
        ("ruined = train(TinyGPT(small, seed=0), ids, 30, highest=1e-6)", "hardly moves"),
        ("ruined = train(TinyGPT(small, seed=0), ids, 5, highest=5.0)", "should have 30"),
        ("ruined = train(TinyGPT(small, seed=0), ids, 30, highest=5.0)[-1]", "list of losses"),
    ],
    "first_share": [
        ("first_share = lambda w: w[:, 0].mean()", "leave row 0 out"),
        ("first_share = lambda w: w[0].mean()", "mean of any row"),
        ("first_share = lambda w: w.diagonal(-1).mean()", "share of the previous token"),
        ("first_share = lambda w: w[1:, 1].mean()", "without its first entry"),
        ("first_share = lambda w: w[1:, 0]", "one number"),
        ("first_share = lambda w: w.mean()", "mean of any row"),
    ],
}
