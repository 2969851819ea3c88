/** Measurements against a real PostgreSQL. */
package dev.eventbroker.benchmarks.postgres;
