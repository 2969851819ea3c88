package dev.eventbroker.engine;

import dev.eventbroker.Backplane;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.detached.DetachedWorkers;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.LongSupplier;

/** What a broker was made with: validated by its builder, and fixed from then on. */
record BrokerSettings(
    String name,
    int logEvents,
    long logBytes,
    int maxDataLength,
    Duration snapshotTimeout,
    int snapshotThreads,
    DetachedWorkers.Limits detached,
    Duration heartbeat,
    InstantSource clock,
    LongSupplier nanoClock,
    Optional<Backplane> backplane,
    BrokerObserver observer) {}
