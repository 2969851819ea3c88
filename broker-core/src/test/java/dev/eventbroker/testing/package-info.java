/**
 * What tests of every module use instead of real time and real threads. Published as a test-jar.
 */
package dev.eventbroker.testing;
