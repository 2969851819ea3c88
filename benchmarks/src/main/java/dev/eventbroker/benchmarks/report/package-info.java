/** What was measured: its file, its tables, its charts. */
package dev.eventbroker.benchmarks.report;
