"""The composition root: from settings to everything that runs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.admin.sign_in import load_key
from bot.evidence.desk import EvidenceDesk
from bot.lanes import Lanes
from bot.render import House, Renderer
from bot.settings import Settings
from bot.turns import Turns
from bot.upload_links import UploadLinks
from domain.calendar import LOCAL
from domain.catalogue import Catalogue, load_catalogue
from nlu.interpreter import Interpreter
from nlu.rasa_interpreter import NoModel
from nlu.readers.facts import warm_up
from nlu.safety import panel
from nlu.swapping import Swapping
from nlu.train import train
from storage.evidence import EvidenceFiles
from storage.opening import open_database
from storage.sealing import Keyring
from storage.seed import seed
from storage.writer import Writer

Clock = Callable[[], datetime]
log = logging.getLogger(__name__)


def wall_clock() -> datetime:
    """Return now, in Asia/Shanghai."""
    return datetime.now(LOCAL)


@dataclass(frozen=True)
class App:
    """Everything that is made once and shared."""

    settings: Settings
    writer: Writer
    interpreter: Interpreter
    catalogue: Catalogue
    renderer: Renderer
    turns: Turns
    lanes: Lanes
    clock: Clock
    evidence: EvidenceDesk
    links: UploadLinks | None
    ticked_at: list[datetime | None] = field(default_factory=lambda: [None])

    def close(self) -> None:
        """Finish what is queued and let go of the database."""
        self.writer.close()


def build_app(settings: Settings, clock: Clock = wall_clock, patience: float = 0) -> App:
    """Make the application: data folder, database, roster, catalogue, model, turns.

    A database that is away is waited for as long as `patience` says, in seconds.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    writer = ready_writer(settings, patience)
    try:
        return _around(writer, settings, clock)
    except BaseException:
        writer.close()
        raise


def _around(writer: Writer, settings: Settings, clock: Clock) -> App:
    catalogue = load_catalogue()
    warm_up()
    panel()  # a second's work, which no citizen's first message should wait for
    interpreter = ready_interpreter(settings)
    names = writer.read(lambda work: {m.id: m.name for m in work.roster.all()})
    house = House(settings.operator, settings.draft_days, settings.chat_days, settings.public_url)
    renderer = Renderer(catalogue, lambda mediator_id: names.get(mediator_id, ""), house)
    public = settings.public_url
    links = UploadLinks(public, load_key(settings.data)) if public else None
    turns = Turns(writer, interpreter, catalogue, renderer, clock, links)
    lanes = Lanes(turns, writer)
    desk = EvidenceDesk(writer, evidence_files(settings))
    return App(settings, writer, interpreter, catalogue, renderer, turns, lanes, clock, desk, links)


def evidence_files(settings: Settings) -> EvidenceFiles:
    """Return where evidence is kept: sealed, below the data folder, named by our own key."""
    return EvidenceFiles(
        settings.data / "evidence", Keyring(path=settings.keys), load_key(settings.data)
    )


def ready_writer(settings: Settings, patience: float = 0) -> Writer:
    """Open the database, bring it to the newest form and seed an empty roster."""
    engine = open_database(settings.database_url, settings.keys, patience)
    writer = Writer(engine)
    seeded = writer.submit(seed).result()
    if seeded:
        log.info("placed a demo roster of %s mediators and lawyers", seeded)
    return writer


def ready_interpreter(settings: Settings) -> Interpreter:
    """Load the trained model, to be swapped while serving; train one where none can be used.

    What is trained here is the first stage, which takes seconds.
    """
    try:
        return Swapping(settings.models)
    except NoModel as fault:
        log.info("%s", fault)
        log.info("training a first stage, this takes some seconds; the second follows beside")
        train(settings.models, sentences=False)
        return Swapping(settings.models)
