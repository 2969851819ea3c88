/** Measurements without a socket or a database, with JMH. */
package dev.eventbroker.benchmarks.inprocess;
