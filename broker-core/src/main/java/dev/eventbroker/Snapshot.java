package dev.eventbroker;

import static java.util.Objects.requireNonNull;

import java.util.function.Predicate;

/**
 * The state that a subscription starts from, before the events that change it.
 *
 * <p>Events published between arming and loading may be part of the loaded state already. Without a
 * test they are delivered all the same (at least once); {@link #including} gives the test, and what
 * passes it is dropped.
 */
public final class Snapshot {

  private final String type;
  private final String data;
  private final Predicate<Delivery> included;

  private Snapshot(String type, String data, Predicate<Delivery> included) {
    this.type = type;
    this.data = data;
    this.included = included;
  }

  /**
   * A snapshot of that content.
   *
   * @param type what the subscriber knows it by; the rules of an event's type hold
   * @throws IllegalArgumentException if the type is not valid
   */
  public static Snapshot of(String type, String data) {
    return new Snapshot(Event.requireType(type), requireNonNull(data, "data"), Snapshot::nothing);
  }

  /**
   * The same snapshot with a test for "this event is already part of it". It is asked only about
   * events that entered the log before the load ended; it runs on the subscription's lane and must
   * not block.
   */
  public Snapshot including(Predicate<Delivery> test) {
    return new Snapshot(type, data, requireNonNull(test, "test"));
  }

  private static boolean nothing(Delivery delivery) {
    return false;
  }

  /** What the subscriber knows it by. */
  public String type() {
    return type;
  }

  /** The content. */
  public String data() {
    return data;
  }

  /** Whether the event is part of this snapshot already. */
  public boolean includes(Delivery delivery) {
    return included.test(delivery);
  }
}
