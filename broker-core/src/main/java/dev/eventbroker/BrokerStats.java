package dev.eventbroker;

import java.util.List;

/**
 * Counters since the broker was made, and gauges of now.
 *
 * @param published events that entered the log
 * @param delivered deliveries to subscribers
 * @param filtered events that an audience kept from a subscriber
 * @param gaps gaps told to subscribers
 * @param subscriptions subscriptions that are not closed
 * @param lagging of these, the ones whose subscriber is not ready
 * @param connections open connections
 * @param logEvents events that the log holds
 * @param logBytes the bytes they take, estimated
 * @param snapshotFallbacks snapshots that could not be loaded in time
 * @param detachedQueued detached tasks that wait
 * @param detachedRunning detached tasks that run
 * @param detachedFailed detached tasks that failed for good, or were refused
 * @param detachedAbandoned detached tasks that the end of the broker cut short
 * @param deferredFailed messages of committed transactions that could not be published
 * @param sources the backplane and the other sources
 */
public record BrokerStats(
    long published,
    long delivered,
    long filtered,
    long gaps,
    int subscriptions,
    int lagging,
    int connections,
    long logEvents,
    long logBytes,
    long snapshotFallbacks,
    int detachedQueued,
    int detachedRunning,
    long detachedFailed,
    long detachedAbandoned,
    long deferredFailed,
    List<SourceStatus> sources) {}
