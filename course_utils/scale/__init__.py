"""Work for many machines: partitions on disk, tasks that may run twice, sharded search, topics piece by piece."""

from course_utils.scale.engine import kill_one_worker, local_workers, run_tasks
from course_utils.scale.jobs import build_index, cluster_corpus, embed_corpus, search_shards
from course_utils.scale.partitions import cut_corpus, fingerprint, read_partition, stamp, write_partition

__all__ = [
    "build_index",
    "cluster_corpus",
    "cut_corpus",
    "embed_corpus",
    "fingerprint",
    "kill_one_worker",
    "local_workers",
    "read_partition",
    "run_tasks",
    "search_shards",
    "stamp",
    "write_partition",
]
