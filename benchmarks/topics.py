"""The course's topics beside BERTopic and simple baselines, in one run: `python benchmarks/topics.py`.

Each way to cluster the 9,033 articles that have a topic runs in a process of its own, so that its time includes all
imports; the vectors of the texts are in the cache before. Every way gets the same vectors of the encoder; what a row
adds to them (the words of the texts) it computes itself, within its time. Prints NMI and ARI against the gold topics,
the share of articles left out, and how many stop words stand among the topics' ten first words.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time

import numpy as np

INSTALL = "BERTopic is not installed: `python -m pip install bertopic` in an environment of its own adds its row here."


def read() -> tuple[list[str], np.ndarray, np.ndarray]:
    from course_utils.corpus import NO_TOPIC, load_wikipedia
    from course_utils.embeddings import embed

    articles = load_wikipedia()
    gold = np.array(articles["topic"][:])
    known = gold != NO_TOPIC
    texts = articles["text"][:]
    return [text for text, keep in zip(texts, known, strict=True) if keep], embed(texts)[known], gold[known]


def ours(texts: list[str], vectors: np.ndarray) -> tuple[np.ndarray, list[list[str]]]:
    from course_utils import topics

    labels = topics.cluster(topics.text_vectors(texts), 11)
    found = topics.class_tfidf(texts, labels, min_texts=5)
    return labels, list(topics.topic_words(found, 10).values())


def ours_without_words(texts: list[str], vectors: np.ndarray) -> tuple[np.ndarray, list[list[str]]]:
    from course_utils import topics

    labels = topics.cluster(vectors, 11)
    return labels, list(topics.topic_words(topics.class_tfidf(texts, labels, min_texts=5), 10).values())


def k_means(texts: list[str], vectors: np.ndarray) -> tuple[np.ndarray, list[list[str]]]:
    from sklearn.cluster import KMeans

    return KMeans(11, n_init=10, random_state=0).fit_predict(vectors), []


def k_means_with_words(texts: list[str], vectors: np.ndarray) -> tuple[np.ndarray, list[list[str]]]:
    from course_utils import topics

    return k_means(texts, topics.text_vectors(texts))


def tfidf(texts: list[str], vectors: np.ndarray) -> tuple[np.ndarray, list[list[str]]]:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    counts = TfidfVectorizer(stop_words="english", min_df=3, sublinear_tf=True).fit_transform(texts)
    return k_means(texts, normalize(TruncatedSVD(200, random_state=0).fit_transform(counts)))


def bertopic(texts: list[str], vectors: np.ndarray) -> tuple[np.ndarray, list[list[str]]]:
    from bertopic import BERTopic

    model = BERTopic()
    labels, _ = model.fit_transform(texts, embeddings=vectors)
    return np.array(labels), [[word for word, _ in model.get_topic(topic)] for topic in sorted(set(labels))]


def bertopic_11(texts: list[str], vectors: np.ndarray) -> tuple[np.ndarray, list[list[str]]]:
    from bertopic import BERTopic

    model = BERTopic(nr_topics=12)  # 11 and the outliers
    labels, _ = model.fit_transform(texts, embeddings=vectors)
    return np.array(labels), [[word for word, _ in model.get_topic(topic)] for topic in sorted(set(labels))]


WAYS = {
    "ours: words and meaning": ours,
    "ours: meaning alone": ours_without_words,
    "k-means(11), words and meaning": k_means_with_words,
    "k-means(11) on the vectors": k_means,
    "k-means(11) on TF-IDF": tfidf,
    "BERTopic as it comes": bertopic,
    "BERTopic reduced to 11": bertopic_11,
}


def run(name: str) -> None:
    """Cluster in this process and print what came out as JSON."""
    import logging
    import warnings

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    start = time.perf_counter()
    texts, vectors, gold = read()
    labels, words = WAYS[name](texts, vectors)
    seconds = time.perf_counter() - start
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    from course_utils.words import STOP_WORDS

    stops = sum(word in STOP_WORDS for group in words for word in group)
    print(
        json.dumps(
            {
                "seconds": seconds,
                "nmi": normalized_mutual_info_score(gold, labels),
                "ari": adjusted_rand_score(gold, labels),
                "left out": float(np.mean(labels == -1)),
                "topics": len(set(labels.tolist()) - {-1}),
                "stop words": f"{stops} of {sum(map(len, words))}" if words else "-",
            }
        )
    )


def classify() -> dict[str, float]:
    """Return the accuracy of logistic regression, by five-fold cross-validation; words are reduced without labels."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    from course_utils.topics import text_vectors

    texts, vectors, gold = read()
    folds, model = StratifiedKFold(5, shuffle=True, random_state=0), LogisticRegression(C=3, max_iter=300)
    rows = {"meaning alone": vectors, "words and meaning": text_vectors(texts)}
    return {name: cross_val_score(model, each, gold, cv=folds).mean() for name, each in rows.items()}


def main() -> None:
    read()  # so that no row pays for computing vectors
    has_bertopic = importlib.util.find_spec("bertopic") is not None
    print(f"{'':32} {'seconds':>8} {'NMI':>6} {'ARI':>6} {'topics':>7} {'left out':>9} {'stop words':>12}")
    results = {}
    for name in WAYS:
        if "BERTopic" in name and not has_bertopic:
            continue
        start = time.perf_counter()
        done = subprocess.run([sys.executable, __file__, name], capture_output=True, text=True, check=True)
        row = results[name] = json.loads(done.stdout.splitlines()[-1])
        row["seconds"] = time.perf_counter() - start  # with Python's start and all imports
        print(
            f"{name:32} {row['seconds']:8.1f} {row['nmi']:6.3f} {row['ari']:6.3f} {row['topics']:7d} "
            f"{row['left out']:9.1%} {row['stop words']:>12}",
            flush=True,
        )
    row = results["ours: words and meaning"]
    met = row["nmi"] >= 0.55 and row["ari"] >= 0.40 and row["left out"] == 0 and row["stop words"].startswith("0 ")
    print(f"NMI 0.55, ARI 0.40, nothing left out, no stop word: {'met' if met else 'MISSED'}")
    if has_bertopic:
        ratio = row["seconds"] / results["BERTopic as it comes"]["seconds"]
        print(f"time beside BERTopic: ratio {ratio:.2f} (limit 0.5: {'met' if ratio <= 0.5 else 'MISSED'})")
    else:
        print(INSTALL)
    for name, accuracy in classify().items():
        verdict = "met" if accuracy >= 0.90 else "MISSED"
        print(f"logistic regression, {name}: accuracy {accuracy:.3f} (target 0.90: {verdict})")


if __name__ == "__main__":
    run(sys.argv[1]) if len(sys.argv) > 1 else main()
