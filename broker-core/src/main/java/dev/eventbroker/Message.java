package dev.eventbroker;

/**
 * What has a place of its own in the log: an event, or a word to the subscribers about what follows
 * or is missing. All of them share one order, and a {@link Backplane} brings all of them to every
 * node.
 */
public sealed interface Message permits Event, Interruption, Revocation {}
