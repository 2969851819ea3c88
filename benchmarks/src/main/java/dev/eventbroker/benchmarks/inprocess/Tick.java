package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.Event;
import dev.eventbroker.Topic;

/**
 * What is published, made before the measurement so that making it is nobody's cost: peers pass on
 * this object, and we the event in it.
 *
 * @param topic the name of the event's topic
 * @param publisher who publishes it; also the first character of the event's data, from {@link
 *     #FIRST_PUBLISHER} on
 * @param event 200 characters on that topic
 */
record Tick(String topic, int publisher, Event event) {

  /** The publishers are told apart by the characters from this one on. */
  static final char FIRST_PUBLISHER = 'a';

  private static final String REST = "x".repeat(199);

  static Tick of(Topic topic, int publisher) {
    String data = (char) (FIRST_PUBLISHER + publisher) + REST;
    return new Tick(topic.toString(), publisher, Event.of(topic, "tick", data));
  }
}
