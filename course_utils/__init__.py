"""The helper package of the course *Tokens to Transformers*: lessons in front, three kinds of place around them.

Lessons, in the order of the notebooks:

- ``tokens``: text as pieces with numbers
- ``words`` and ``phrases``: what a word is, and words that belong together
- ``corpus``: the texts of the course
- ``embeddings``: text as vectors
- ``contrastive``: a small sentence encoder, trained on pairs that match
- ``search``: by words, by meaning, both together, and reranked
- ``evaluation``: how good a search is
- ``grounding``: answers from a passage
- ``classify``: texts into classes
- ``topics``: groups of texts, and their names
- ``keywords``: the phrases that say what a text is about
- ``attention``: attention in plain NumPy
- ``transformer``: a real language model in NumPy
- ``tiny_gpt``: a GPT that trains in minutes
- ``fine_tuning``: a trained network changed by few numbers
- ``images``: pictures and words in one space

And those of the electives:

- ``architectures``: small networks of six kinds on four kinds of data
- ``rewards``: learning from reward
- ``privacy``: personal data, and what texts, models, vectors and searches give away
- ``federated``: learning together without sharing data
- ``edge``: models for small devices
- ``quantum``: a simulator of qubits, what it breaks, and quantum kernels
- ``shipping``: a model as a service: its version, gates, a canary, alarms
- ``scale``: the course's job in pieces, on several workers
- ``explaining``: what a model used, and tests of explanations
- ``fairness``: decisions about groups of people, and what vectors learned of them

Around them: ``plotting`` draws, ``exercises`` check answers, ``common`` has what all of these stand on, and ``tools``
set up, run and publish the course.
"""

__version__ = "0.1.0"
