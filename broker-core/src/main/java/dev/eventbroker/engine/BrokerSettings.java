package dev.eventbroker.engine;

import dev.eventbroker.Backplane;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.detached.DeferredPublishing;
import dev.eventbroker.detached.DetachedWorkers;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/** What a broker was made with: validated by its builder, and fixed from then on. */
record BrokerSettings(
    String name,
    int logEvents,
    long logBytes,
    ReplayEffort replayEffort,
    int maxDataLength,
    TopicLimits topicLimits,
    Duration snapshotTimeout,
    DetachedWorkers.Limits detached,
    int connectionsPerPrincipal,
    Duration laneBlockedAfter,
    boolean detachedVirtualThreads,
    DeferredPublishing.Limits deferred,
    Duration heartbeat,
    InstantSource clock,
    LongSupplier nanoClock,
    RandomGenerator random,
    Optional<Backplane> backplane,
    BrokerObserver observer) {}
