/**
 * A broker's counters and gauges as metrics. Core knows no metrics library: everything that can be
 * read of a broker is in {@code BrokerStats}, and {@code BrokerMetrics} is what it takes to hand
 * that to Micrometer. Copy it, and take out what you do not need.
 */
@NullMarked
package dev.eventbroker.examples.metrics;

import org.jspecify.annotations.NullMarked;
