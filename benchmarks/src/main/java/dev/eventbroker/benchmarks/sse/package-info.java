/** Measurements of servers over real sockets: the servers, the load and what is done with it. */
package dev.eventbroker.benchmarks.sse;
