"""Runs, versions and which of them is live, kept by MLflow in one SQLite file; nothing leaves this computer."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_utils.common.errors import InputError
from course_utils.shipping.artefacts import load_model
from course_utils.shipping.gates import Gate
from course_utils.shipping.models import TopicModel

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

NAME, LIVE = "topics", "live"


def open_mlflow(file: Path) -> MlflowClient:
    """Open MLflow on a SQLite file without telemetry and without its notes on the page."""
    os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    from mlflow.tracking import MlflowClient

    for name in ("mlflow", "alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.WARNING)
    address = f"sqlite:///{Path(file).as_posix()}"
    return MlflowClient(address, address)


@dataclass
class Registry:
    """Versions of one model with what was measured for each, and the alias of the live one.

    ``client`` is MLflow's own, so that everything can be looked up with its means too.
    """

    client: MlflowClient
    experiment: str
    numbers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def in_folder(cls, folder: Path) -> Registry:
        """Begin an empty registry in a folder."""
        client = open_mlflow(Path(folder) / "tracking.db")
        experiment = client.create_experiment(NAME, artifact_location=(Path(folder) / "runs").as_uri())
        client.create_registered_model(NAME)
        return cls(client, experiment)

    def add(self, folder: Path, card: Mapping[str, Any], measured: Mapping[str, float], note: str) -> str:
        """Log a run with the hashes of a model's parts and its measures, register it, and return MLflow's number.

        A version that is here already is not logged again.
        """
        if card["version"] in self.numbers:
            return self.numbers[card["version"]]
        run = self.client.create_run(self.experiment, run_name=note).info.run_id
        for name, digest in card["parts"].items():
            self.client.log_param(run, name, digest[:12])
        for name, value in measured.items():
            self.client.log_metric(run, name.replace(" ", "_"), value)
        self.client.set_terminated(run)
        tags = {"version": card["version"]}
        made = self.client.create_model_version(NAME, str(folder), run, tags=tags, description=note)
        self.numbers[card["version"]] = str(made.version)
        return str(made.version)

    def promote(self, version: str, gates: list[Gate]) -> None:
        """Make a version the live one; InputError if it is not known, or a gate has not let it pass."""
        if version not in self.numbers:
            raise InputError(f"There is no version {version!r}: add it first; there are {', '.join(self.numbers)}.")
        if shut := [gate.name for gate in gates if not gate.passed]:
            raise InputError(f"Version {version} is not promoted: it did not pass the gate “{shut[0]}”.")
        self.client.set_registered_model_alias(NAME, LIVE, self.numbers[version])

    def live(self) -> tuple[str, TopicModel]:
        """Return the version that is live and its model, read from its files and checked against its hashes."""
        found = self.client.get_model_version_by_alias(NAME, LIVE)
        model, version = load_model(Path(found.source))
        if version != found.tags["version"]:
            raise InputError(f"The files of number {found.version} are those of another version: {version}.")
        return version, model

    def runs(self, where: str = "") -> list[dict[str, Any]]:
        """Return the name, parameters and metrics of the runs that a search finds, in the order they were logged."""
        found = self.client.search_runs([self.experiment], where, order_by=["attributes.start_time ASC"])
        return [{"name": run.info.run_name, **run.data.params, **run.data.metrics} for run in found]
