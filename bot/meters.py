"""What is counted while serving, in a Prometheus registry of our own."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)  # seconds


class Meters:
    """Counters of one process; gauges are filled when somebody looks."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=True)
        self._turns = self._counter("hejie_turns", "Turns taken", "channel")
        self._by_channel: dict[str, Counter] = {}  # looking a label up costs on every turn
        self._refused = self._counter("hejie_turns_refused", "Messages not taken", "why")
        read = self._counter("hejie_texts_read", "Texts read", "stage")
        self._by_stage = (read.labels("first"), read.labels("second"))
        self._seconds = Histogram(
            "hejie_turn_seconds",
            "From a message's arrival to its commit",
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._outbox = self._gauge("hejie_outbox", "Words out by state", ("state",))
        self._tasks = self._gauge("hejie_open_tasks", "Tasks waiting for a person", ("kind",))
        self._waiting = self._gauge("hejie_messages_waiting", "Messages taken and not committed")
        self._listeners = self._gauge("hejie_chat_listeners", "Open web chat streams")

    def _counter(self, name: str, about: str, label: str) -> Counter:
        return Counter(name, about, (label,), registry=self._registry)

    def _gauge(self, name: str, about: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(name, about, labels, registry=self._registry)

    def took(self, channel: str, seconds: float) -> None:
        """Count one turn."""
        counter = self._by_channel.get(channel)
        if counter is None:
            counter = self._by_channel[channel] = self._turns.labels(channel)
        counter.inc()
        self._seconds.observe(seconds)

    def refused(self, why: str) -> None:
        """Count one message that was not taken."""
        self._refused.labels(why).inc()

    def read(self, second_stage: bool) -> None:
        """Count one text by the stage of the model that had the last word on it."""
        self._by_stage[second_stage].inc()

    def show(
        self,
        outbox: Mapping[str, int],
        tasks: Mapping[str, int],
        waiting: int,
        listeners: int,
    ) -> bytes:
        """Return everything in Prometheus' text form."""
        self._outbox.clear()
        self._tasks.clear()
        for state, count in outbox.items():
            self._outbox.labels(state).set(count)
        for kind, count in tasks.items():
            self._tasks.labels(kind).set(count)
        self._waiting.set(waiting)
        self._listeners.set(listeners)
        return generate_latest(self._registry)
