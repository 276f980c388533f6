"""Rasa's way to the training data, over our reader of the corpus."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import INTENT, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.corpus import Block, read_blocks


class CorpusImporter(RasaFileImporter):
    """Reads the same files as Rasa's importer, in 0.2 s instead of 4, and reviewed sentences."""

    def __init__(self, nlu: Path, reviewed: Sequence[Block] = ()) -> None:
        super().__init__(str(nlu / "config.yml"), str(nlu / "domain.yml"), [str(nlu / "data")])
        self._blocks = [*read_blocks(nlu / "data"), *reviewed]

    def get_nlu_data(self, language: str | None = "zh") -> TrainingData:
        """Return every sentence with the metadata of its block, as Rasa's reader would."""
        return TrainingData(
            [
                Message(
                    data={TEXT: text, INTENT: block.label, METADATA: {INTENT: dict(block.metadata)}}
                )
                for block in self._blocks
                for text in block.sentences
            ]
        )
