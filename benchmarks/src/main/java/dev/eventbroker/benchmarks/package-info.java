/**
 * One command for everything that is measured: {@link dev.eventbroker.benchmarks.Benchmarks}. It
 * runs the suite of each package below and shows what {@code report} makes of the results.
 */
package dev.eventbroker.benchmarks;
