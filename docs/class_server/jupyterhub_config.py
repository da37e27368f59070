"""JupyterHub for one machine and one class.

Start it in the course's folder:

    CLASS_PASSWORD=choose-one-together python -m jupyterhub -f docs/class_server/jupyterhub_config.py

Learners choose a name, one password opens the class, and each name has its own folder with its own notebooks. All share
the models, the text and what was computed from them, which they read and never write.
"""

import os
import shutil
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(COURSE))
from course_utils.common import cache  # noqa: E402
from course_utils.tools.kernel import describe_kernel  # noqa: E402

LEARNERS = Path(os.environ.get("CLASS_FOLDER", "").strip() or COURSE / "build" / "learners").absolute()
PASSWORD = os.environ.get("CLASS_PASSWORD", "").strip()
if len(PASSWORD) < 8:  # without one nobody could come in, and JupyterHub takes none that is shorter
    raise SystemExit(
        "The class needs a password of at least 8 letters: write CLASS_PASSWORD=choose-one-together before the command."
    )

c = get_config()  # noqa: F821 - JupyterHub gives it

c.JupyterHub.bind_url = os.environ.get("CLASS_ADDRESS", "").strip() or "http://:8000"
c.JupyterHub.db_url = f"sqlite:///{LEARNERS / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(LEARNERS / "hub_cookie_secret")
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = PASSWORD
c.Authenticator.allow_all = True

# One process for each learner, under the system user that started the hub: enough for a class whose members trust one
# another. For others take system users (authenticator "pam", spawner "localprocess") or the Kubernetes values beside.
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(LEARNERS / "{username}")
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]  # the Python that the hub runs in has the course
c.Spawner.notebook_dir = str(LEARNERS / "{username}")
c.Spawner.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
c.Spawner.http_timeout = c.Spawner.start_timeout = 120
c.Spawner.environment = {
    "PYTHONPATH": str(COURSE),
    "COURSE_CACHE": str(cache.cache_folder()),  # each learner's home is another, and so would be the usual folder
    "JUPYTER_PATH": describe_kernel(LEARNERS / "jupyter"),  # kernels that explain a name no cell has made yet
    "OMP_NUM_THREADS": "1",  # with as many learners as cores or more, each is faster on one
}
c.Spawner.args = [
    f"--LabApp.app_settings_dir={COURSE / 'course_utils' / 'data' / 'lab_settings'}",
    "--MappingKernelManager.cull_idle_timeout=1800",  # a kernel that nobody uses for half an hour gives its memory back
    "--ServerApp.shutdown_no_activity_timeout=3600",
    *(["--allow-root"] if os.geteuid() == 0 else []),
]


def give_notebooks(spawner):
    """Copy the notebooks that a learner does not have yet; what somebody has worked on is never touched."""
    folder = LEARNERS / spawner.user.name / "notebooks"
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((COURSE / "notebooks").glob("*.ipynb")):
        if not (folder / path.name).exists():
            shutil.copyfile(path, folder / path.name)


c.Spawner.pre_spawn_hook = give_notebooks
LEARNERS.mkdir(parents=True, exist_ok=True)
