"""Plausible wrong answers to the exercises of notebook 26, and a piece of the message that each must get."""

COMBINE = "combine_means = lambda parts: ({mean}, {n})"
SUM, N = "sum(m * n for m, n in parts)", "sum(n for _, n in parts)"
BEST = """
def best_of_shard(vectors, positions, query, k):
    scores = vectors @ query
    rows = {rows}
    return [(scores[row], {position}) for row in rows]
"""
MERGE = "merge = lambda lists, k: sorted((hit for each in lists for hit in each), {how})[:{k}]"

COUNT = """
def count_safely(source, target):
    n = str(len(source.read_text().split()))
    {write}
"""
FIXED = """
def count_safely(source, target):
    aside = target.with_name({name})
    with aside.open("{mode}") as file:
        file.write(str(len(source.read_text().split())))
    os.replace(aside, target)
"""
SLOPPY = """
import shutil

def count_safely(source, target):
    aside = target.with_name(uuid4().hex)
    aside.write_text(str(len(source.read_text().split())))
    shutil.copy(aside, target)
"""
ELSEWHERE = """
import shutil, tempfile

def count_safely(source, target):
    number, name = tempfile.mkstemp()
    os.close(number)
    Path(name).write_text(str(len(source.read_text().split())))
    shutil.move(name, target)
"""
SUBFOLDER = """
def count_safely(source, target):
    aside = target.parent / {name} / "aside"
    aside.parent.mkdir()
    aside.write_text(str(len(source.read_text().split())))
    os.replace(aside, target)
    aside.parent.rmdir()
"""
MACHINES = """
def machines_for(queries_a_second, n_docs):
    memory = n_docs * costs.code / (costs.memory * 1e9)
    work = queries_a_second * n_docs / 1e6 * query_cost / costs.cores
    return {answer}
"""
REDUCE = """
def reduce_counts(folder, reducer, n_parts):
    total = Counter()
    for path in {files}:
        columns = read_partition(path)
        total.update(dict(zip(columns["word"], columns["n"].tolist())))
    return total
"""
REPLACE = """
def reduce_counts(folder, reducer, n_parts):
    total = {}
    for part in range(n_parts):
        columns = read_partition(folder / f"part-{part:05}-for-{reducer}.parquet")
        total |= dict(zip(columns["word"], columns["n"].tolist()))
    return total
"""

MISTAKES = {
    "combine_means": [
        (COMBINE.format(mean="np.mean([m for m, _ in parts])", n=N), "mean of the means"),
        (COMBINE.format(mean=SUM, n=N), "sum of all numbers"),
        (COMBINE.format(mean=f"{SUM} / len(parts)", n=N), "number of partitions"),
        (COMBINE.format(mean=f"{SUM} / {N}", n="len(parts)"), "how many numbers there are"),
        (f"combine_means = lambda parts: {SUM} / {N}", "Return a pair"),
    ],
    "stamp_of": [
        ("stamp_of = lambda texts, model, dtype: fingerprint(dtype, *texts)", "another model"),
        ("stamp_of = lambda texts, model, dtype: fingerprint(model, *texts)", "another dtype"),
        ("stamp_of = lambda texts, model, dtype: fingerprint(model + dtype, *texts)", "glued together"),
        ("stamp_of = lambda texts, model, dtype: fingerprint(model, dtype, *sorted(texts))", "another order"),
        ("stamp_of = lambda texts, model, dtype: fingerprint(model, dtype, ''.join(texts))", "other ends"),
        ("stamp_of = lambda texts, model, dtype: fingerprint(model, dtype, *texts[:2])", "every text counts"),
        ("stamp_of = lambda texts, model, dtype: repr((texts, model, dtype))", "stamp is long"),
        ("stamp_of = lambda texts, model, dtype: str(hash((tuple(texts), model, dtype)))", "in each process"),
        ("stamp_of = lambda texts, model, dtype: hash(model)", "short string"),
        (
            "stamp_of = lambda t, m, d: fingerprint(*(str(hash(part)) for part in (m, d, *t)))",
            "in each process",
        ),
    ],
    "count_safely": [
        (COUNT.format(write="target.write_text(n)"), "write it aside"),
        (COUNT.format(write="with target.open('a') as file: file.write(n)"), "twice"),
        (COUNT.format(write="if not target.exists(): target.write_text(n)"), "write it aside"),
        (FIXED.format(name="'.aside'", mode="w"), "no other run has"),
        (FIXED.format(name="'.aside'", mode="x"), "after a crash"),
        (COUNT.format(write="uuid4()"), "holds 'nothing'"),
        (COUNT.format(write="target.write_text(source.read_text())"), "13 words"),
        (SLOPPY, "write it aside"),
        (ELSEWHERE, "a move is a copy"),
        (SUBFOLDER.format(name="'in work'"), "ended with FileExistsError"),
        ("count_safely = 13", "should be a function"),
    ],
    "reduce_counts": [
        (REDUCE.format(files="folder.glob('*-for-*')"), "files of other reducers"),
        (REDUCE.format(files="folder.glob(f'part*-for-{reducer}*')"), "words of reducer 12"),
        (REDUCE.format(files="folder.glob(f'*-for-{reducer}.parquet*')"), "left a file aside"),
        (REDUCE.format(files="folder.glob(f'part-*-for-{reducer}.parquet')"), "is missing"),
        (REPLACE, "add up to a: 3"),
        ("reduce_counts = lambda folder, reducer, n_parts: n_parts", "Return a Counter"),
    ],
    "machines_for": [
        (MACHINES.format(answer="math.ceil(memory)"), "count the queries too"),
        (MACHINES.format(answer="math.ceil(work)"), "do not fit"),
        (MACHINES.format(answer="math.ceil(memory) + math.ceil(work)"), "the sum"),
        (MACHINES.format(answer="max(memory, work)"), "round up"),
        (MACHINES.format(answer="int(max(memory, work))"), "round up"),
        (MACHINES.format(answer="math.ceil(max(memory, work * costs.cores))"), "which is cores"),
    ],
    "build_shard_of": [
        ("shard_of = lambda title, n_shards: hash(title) % n_shards", "in each process"),
        ("shard_of = lambda title, n_shards: [hash(each) % n_shards for each in [title]][0]", "in each process"),
        ("shard_of = lambda title, n_shards: zlib.crc32(title.encode()) % 4", "over 7 shards"),
        ("shard_of = lambda title, n_shards: len(title) % n_shards", "spread evenly"),
        ("shard_of = lambda title, n_shards: ord(title[0]) % n_shards", "spread evenly"),
        ("shard_of = lambda title, n_shards: zlib.crc32(title.encode()) % n_shards + 1", "from 0 to 3"),
        ("shard_of = lambda title, n_shards: int(np.random.default_rng().integers(n_shards))", "by chance"),
        ("shard_of = lambda title, n_shards: zlib.crc32(title.encode()) / n_shards", "whole number"),
    ],
    "build_best": [
        (BEST.format(rows="np.argsort(-scores)[:k]", position="row"), "rows of the shard"),
        (BEST.format(rows="np.argsort(scores)[:k]", position="positions[row]"), "the worst"),
        (BEST.format(rows="np.argsort(scores)[-k:]", position="positions[row]"), "best comes first"),
        (BEST.format(rows="np.argsort(-scores)", position="positions[row]"), "two hits"),
        ("best_of_shard = lambda vectors, positions, query, k: (vectors @ query).max()", "list of pairs"),
    ],
    "build_merge": [
        (MERGE.format(how="key=lambda hit: -hit[0]", k="k"), "position 0 comes first"),
        (MERGE.format(how="key=lambda hit: (hit[0], hit[1])", k="k"), "the worst"),
        (MERGE.format(how="key=lambda hit: (-hit[0], hit[1])", k="9"), "four hits"),
        ("merge = lambda lists, k: [hit for each in lists for hit in each][:k]", "at the positions"),
    ],
}
