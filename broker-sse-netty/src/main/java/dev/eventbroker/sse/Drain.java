package dev.eventbroker.sse;

/** The user event that asks what serves a connection to come to a clean end. */
enum Drain {
  EVENT
}
