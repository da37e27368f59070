"""What the classifier of topics learns from, what judges it, and what its users send: articles, questions, Spanish."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

N_TRAIN, N_VALIDATION, N_TWINS = 5500, 1500, 400
SPANISH_TOPICS = {
    "Personas": "People",
    "Geografía": "Geography",
    "Historia": "History",
    "Artes": "Arts",
    "Tecnología": "Technology",
    "Filosofía y religión": "Philosophy and religion",
    "Matemáticas": "Mathematics",
}


@dataclass(frozen=True)
class Texts:
    """Texts and the number of each one's topic, ``(n,)``."""

    texts: tuple[str, ...]
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)

    def some(self, rows: np.ndarray | slice) -> Texts:
        """Return the texts of some rows."""
        places = np.arange(len(self))[rows]
        return Texts(tuple(self.texts[place] for place in places), self.y[places])


@dataclass(frozen=True)
class Requests:
    """Articles in three parts drawn once, questions of users, and articles in two languages that are in no part."""

    topics: tuple[str, ...]
    train: Texts
    validation: Texts
    test: Texts
    questions: Texts
    spanish: Texts
    english: Texts


def load_requests(seed: int = 0) -> Requests:
    """Load what the lesson ships and watches a model with.

    ``spanish`` and ``english`` are the summaries of the same 400 subjects, row by row: articles with one title in both
    Wikipedias and one topic in both, so most of them are people and places.

    Examples
    --------
    >>> found = load_requests()
    >>> len(found.train), len(found.validation), len(found.questions), len(found.spanish)
    (5500, 1500, 220, 400)
    """
    from course_utils.corpus import NO_TOPIC, load_wikipedia
    from course_utils.evaluation.questions import load_questions

    articles, rng = load_wikipedia(), np.random.default_rng(seed)
    topics = tuple(sorted(set(articles["topic"]) - {NO_TOPIC}))
    columns = zip(articles["title"], articles["text"], articles["topic"], strict=True)
    known = {title: (text, topic) for title, text, topic in columns if topic != NO_TOPIC}
    twins = twin_titles({title: topic for title, (_, topic) in known.items()})
    titles = list(twins)
    chosen = [titles[place] for place in rng.permutation(len(titles))[:N_TWINS]]
    taken = set(chosen)
    rest = [title for title in known if title not in taken]
    order = [rest[place] for place in rng.permutation(len(rest))]
    asked = [question for question in load_questions() if question.topic]

    def of(titles: list[str]) -> Texts:
        return Texts(tuple(known[t][0] for t in titles), np.array([topics.index(known[t][1]) for t in titles]))

    english, end = of(chosen), N_TRAIN + N_VALIDATION
    return Requests(
        topics,
        train=of(order[:N_TRAIN]),
        validation=of(order[N_TRAIN:end]),
        test=of(order[end:]),
        questions=Texts(tuple(q.text for q in asked), np.array([topics.index(q.topic) for q in asked])),
        spanish=Texts(tuple(twins[title] for title in chosen), english.y),
        english=english,
    )


def twin_titles(topic_of: dict[str, str]) -> dict[str, str]:
    """Return the Spanish summary of each English title that is a Spanish one too, where both have one topic."""
    from course_utils.corpus import load_wikipedia

    articles = load_wikipedia("es")
    rows = zip(articles["title"], articles["text"], articles["topic"], strict=True)
    return {title: text for title, text, topic in rows if SPANISH_TOPICS.get(topic) == topic_of.get(title, "")}
