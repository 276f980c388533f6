"""Asks one system every text, in a process of its own: `ours` here, `stock` in Rasa's environment.

Prints one JSON object: the best dispute type of each text, p50 in ms, RSS in MB, and the seconds
from an empty process to the first answer.
"""

import json
import sys
import time
from pathlib import Path
from statistics import median

BEGAN = time.perf_counter()


def main(system, folder, *texts):
    if system == "train":
        print(json.dumps({"seconds": train(Path(folder))}))
        return
    ask = {"ours": ours, "stock": stock}[system](folder)
    questions = json.loads(Path(texts[0]).read_text("utf-8"))
    ask(questions[0])
    start = time.perf_counter() - BEGAN
    types, seconds = [], []
    for question in questions:
        began = time.perf_counter()
        types.append(ask(question))
        seconds.append(time.perf_counter() - began)
    told = {
        "types": types,
        "p50": median(seconds) * 1e3,
        "rss": most_memory(),
        "start": start,
    }
    print(json.dumps(told))


def most_memory():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


def train(folder):
    from rasa.model_training import train_nlu

    began = time.perf_counter()
    train_nlu(str(folder / "config.yml"), str(folder / "data"), str(folder / "models"))
    return time.perf_counter() - began


def ours(models):
    sys.path.insert(0, str(Path(__file__).parent.parent.parent))
    from datetime import datetime

    from domain.calendar import LOCAL
    from nlu.interpreter import Heard
    from nlu.rasa_interpreter import load

    interpreter = load(Path(models))
    now = datetime(2026, 11, 23, 10, tzinfo=LOCAL)
    return lambda text: interpreter.read([Heard(text, now)])[0].ranking[0].dispute_type


def stock(models):
    import asyncio

    from rasa.core.agent import Agent

    agent = Agent.load(max(Path(models).glob("*.tar.gz")))
    loop = asyncio.new_event_loop()
    intents = {path.stem for path in Path("domain/disputes").glob("[!_]*.yaml")}

    def best(text):
        told = loop.run_until_complete(agent.parse_message(text))
        return next(
            (each["name"] for each in told["intent_ranking"] if each["name"] in intents), None
        )

    return best


if __name__ == "__main__":
    main(*sys.argv[1:])
