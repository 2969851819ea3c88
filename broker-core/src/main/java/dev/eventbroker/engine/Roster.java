package dev.eventbroker.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.ObjIntConsumer;
import java.util.function.ToIntFunction;

/**
 * Those that are there, in no order: a dense array, from which one goes by leaving its seat to the
 * last. What a hash table scatters over its memory for each that comes and goes is here the end of
 * an array. Each remembers its own seat, so there is nothing to search and nothing to allocate. Not
 * safe for several threads.
 */
final class Roster<T> {

  /** The seat of who is not there. */
  static final int NOWHERE = -1;

  private final List<T> present = new ArrayList<>();
  private final ToIntFunction<T> seat;
  private final ObjIntConsumer<T> sit;

  /**
   * With nobody there.
   *
   * @param seat where one sits; {@link #NOWHERE} before it was ever added
   * @param sit has it remember that
   */
  Roster(ToIntFunction<T> seat, ObjIntConsumer<T> sit) {
    this.seat = seat;
    this.sit = sit;
  }

  void add(T one) {
    sit.accept(one, present.size());
    present.add(one);
  }

  /** Takes it out, if it is there. */
  void remove(T one) {
    int left = seat.applyAsInt(one);
    if (left == NOWHERE) {
      return;
    }
    T last = present.remove(present.size() - 1);
    if (last != one) {
      present.set(left, last);
      sit.accept(last, left);
    }
    sit.accept(one, NOWHERE);
  }

  boolean isEmpty() {
    return present.isEmpty();
  }

  /** Calls back with each of them; none may come or go meanwhile. */
  void forEach(Consumer<T> action) {
    present.forEach(action);
  }

  /** Who is there now. */
  List<T> copy() {
    return new ArrayList<>(present);
  }
}
