"""Rasa's way to the training data, over our reader of the corpus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import INTENT, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.corpus import Block, read_blocks
from nlu.ngrams import Floats
from nlu.reading import EMBEDDING

Embed = Callable[[Sequence[str]], Floats]


class CorpusImporter(RasaFileImporter):
    """Reads the same files as Rasa's importer, in 0.2 s instead of 4, and reviewed sentences.

    With `embed`, every sentence carries its embedding for the second stage.
    """

    def __init__(
        self, nlu: Path, reviewed: Sequence[Block] = (), embed: Embed | None = None
    ) -> None:
        super().__init__(str(nlu / "config.yml"), str(nlu / "domain.yml"), [str(nlu / "data")])
        blocks = [*read_blocks(nlu / "data"), *reviewed]
        told = {(text, block.label): block for block in blocks for text in block.sentences}
        self._data = TrainingData()
        # Given to its constructor they would be looked at for duplicates, which takes 2 s.
        self._data.training_examples = [_message(*said, block) for said, block in told.items()]
        if embed is not None:
            examples = self._data.intent_examples
            rows = embed([message.data[TEXT] for message in examples])
            for message, row in zip(examples, rows, strict=True):
                message.data[EMBEDDING] = row

    def get_nlu_data(self, language: str | None = "zh") -> TrainingData:
        """Return every sentence with the metadata of its block, as Rasa's reader would."""
        return self._data


def _message(text: str, label: str, block: Block) -> Message:
    return Message(data={TEXT: text, INTENT: label, METADATA: {INTENT: dict(block.metadata)}})
