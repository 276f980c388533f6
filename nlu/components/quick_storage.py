"""Rasa's storage of a model, packed quickly."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path

from rasa.engine.graph import GraphModelConfiguration
from rasa.engine.storage.local_model_storage import (
    MODEL_ARCHIVE_COMPONENTS_DIR,
    LocalModelStorage,
)
from rasa.engine.storage.storage import ModelMetadata
from rasa.shared.core.domain import Domain

LEVEL = 0  # numbers shrink by a fifth at most; unpacking would cost half a second at each start


class QuickStorage(LocalModelStorage):
    """Makes the same archive as Rasa does, a little larger: Rasa packs as tightly as can be."""

    def create_model_package(
        self,
        model_archive_path: Path | str,
        model_configuration: GraphModelConfiguration,
        domain: Domain,
    ) -> ModelMetadata:
        """Pack all that was stored, and what Rasa wants to know of it."""
        metadata = self._create_model_metadata(domain, model_configuration)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            shutil.copytree(self._storage_path, folder / MODEL_ARCHIVE_COMPONENTS_DIR)
            self._persist_metadata(metadata, folder)
            with tarfile.open(model_archive_path, "w:gz", compresslevel=LEVEL) as archive:
                archive.add(folder, arcname="")
        return metadata
