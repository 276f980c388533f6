"""Keep Rasa silent: its loggers print what people wrote, its telemetry would tell of it."""

from __future__ import annotations

import logging
import os


def quiet_rasa() -> None:
    """Switch off telemetry, and every line of Rasa's loggers below a warning.

    Rasa logs through `rasa.*` of the standard library and through structlog, which would print
    to the terminal by itself; a warning of its own names files, never messages.
    """
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    logging.getLogger("rasa").setLevel(logging.ERROR)  # it warns of its own graph recipe
    import structlog  # noqa: PLC0415  after the environment is set

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
