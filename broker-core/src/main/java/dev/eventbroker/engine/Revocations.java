package dev.eventbroker.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The revocations of the log, by principal: all that the log holds, and some that it has let go, so
 * that a reader which the log has moved past still learns what it must not show. Guarded by the
 * lock of the log.
 */
final class Revocations {

  /** How many are known at least; a lane would have to be overtaken by more to lose one. */
  static final int KEPT = 1024;

  /** What nearly everybody is told. */
  private static final Optional<List<Entry.OfRevocation>> NONE = Optional.of(List.of());

  private final Deque<Entry.OfRevocation> all = new ArrayDeque<>();
  private final Map<String, Deque<Entry.OfRevocation>> byPrincipal = new HashMap<>();
  private long forgotten;

  void add(Entry.OfRevocation entry, long head) {
    all.add(entry);
    byPrincipal
        .computeIfAbsent(entry.revocation.principal(), same -> new ArrayDeque<>(1))
        .add(entry);
    while (all.size() > KEPT && all.element().sequence < head) {
      forget(all.remove());
    }
  }

  private void forget(Entry.OfRevocation oldest) {
    forgotten = oldest.sequence;
    String principal = oldest.revocation.principal();
    Deque<Entry.OfRevocation> theirs = byPrincipal.get(principal);
    if (theirs != null) {
      theirs.remove();
      if (theirs.isEmpty()) {
        byPrincipal.remove(principal);
      }
    }
  }

  /** All from that sequence on, oldest first; empty if not all of them are known any more. */
  Optional<List<Entry.OfRevocation>> since(long sequence) {
    return since(sequence, all);
  }

  /** Those of one principal. */
  Optional<List<Entry.OfRevocation>> since(long sequence, String principal) {
    return since(sequence, byPrincipal.get(principal));
  }

  private Optional<List<Entry.OfRevocation>> since(
      long sequence, @Nullable Deque<Entry.OfRevocation> from) {
    if (forgotten >= sequence) {
      return Optional.empty();
    }
    if (from == null || from.isEmpty() || from.getLast().sequence < sequence) {
      return NONE;
    }
    List<Entry.OfRevocation> found = new ArrayList<>();
    for (var newest = from.descendingIterator(); newest.hasNext(); ) {
      Entry.OfRevocation entry = newest.next();
      if (entry.sequence < sequence) {
        break;
      }
      found.add(entry);
    }
    Collections.reverse(found);
    return Optional.of(found);
  }
}
