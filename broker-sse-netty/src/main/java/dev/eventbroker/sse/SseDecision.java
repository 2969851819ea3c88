package dev.eventbroker.sse;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Authorized;
import dev.eventbroker.EventId;
import dev.eventbroker.SnapshotSource;
import dev.eventbroker.SubscribeRequest;
import java.time.Instant;
import java.util.Optional;

/** What an {@link SseAuthorizer} says: come in, or stay out. Immutable. */
public sealed interface SseDecision {

  /** Lets the client in, with the value that proved its right. */
  static <T> Allowed<T> allow(Authorized<T> authorized) {
    return new Allowed<>(
        requireNonNull(authorized, "authorized"),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /**
   * Sends the client away. To a browser every such answer is final, it does not come back by
   * itself.
   *
   * @param status 401, 403 or whatever fits: 400 to 599, or 204 for "stay away" without an error
   * @param detail for the person who reads the answer; goes out as it is, so no secrets
   * @throws IllegalArgumentException if the status is another one
   */
  static SseDecision refuse(int status, String detail) {
    return new Refused(status, detail);
  }

  /**
   * The client may come in.
   *
   * @param <T> the value that proved it
   */
  final class Allowed<T> implements SseDecision {

    private final Authorized<T> authorized;
    private final Optional<String> owner;
    private final Optional<SnapshotSource<? super T>> snapshot;
    private final Optional<Instant> until;

    private Allowed(
        Authorized<T> authorized,
        Optional<String> owner,
        Optional<SnapshotSource<? super T>> snapshot,
        Optional<Instant> until) {
      this.authorized = authorized;
      this.owner = owner;
      this.snapshot = snapshot;
      this.until = until;
    }

    /**
     * The same decision, with the workstation (or tab) that the connection belongs to: what keeps
     * edit sessions alive.
     */
    public Allowed<T> owner(String workstation) {
      return new Allowed<>(
          authorized, Optional.of(requireNonNull(workstation, "workstation")), snapshot, until);
    }

    /** The same decision, with a snapshot to start from unless the client resumes by id. */
    public Allowed<T> snapshot(SnapshotSource<? super T> source) {
      return new Allowed<>(authorized, owner, Optional.of(requireNonNull(source, "source")), until);
    }

    /**
     * The same decision, good until then: when the token expires that proved it. The client is told
     * with an event {@code expiring} a while before, and the stream ends then, for the client to
     * come back with a new one. A moment that is over is answered with 401.
     */
    public Allowed<T> until(Instant end) {
      return new Allowed<>(authorized, owner, snapshot, Optional.of(requireNonNull(end, "end")));
    }

    /** Who it is, as audiences name them. */
    public String principal() {
      return authorized.principal();
    }

    /** The workstation, if one was given. */
    public Optional<String> owner() {
      return owner;
    }

    /** Until when the decision is good, if it ends. */
    public Optional<Instant> until() {
      return until;
    }

    /** The same decision as of a cursor from before it was made, unless it says so itself. */
    Allowed<T> asOf(EventId cursor) {
      return authorized.asOf().isPresent()
          ? this
          : new Allowed<>(authorized.asOf(cursor), owner, snapshot, until);
    }

    Authorized<T> authorized() {
      return authorized;
    }

    boolean hasSnapshot() {
      return snapshot.isPresent();
    }

    SubscribeRequest.Builder<T> subscribeRequest() {
      SubscribeRequest.Builder<T> request = SubscribeRequest.by(authorized);
      snapshot.ifPresent(request::snapshot);
      return request;
    }
  }

  /**
   * The client has to stay out.
   *
   * @param status the status of the answer
   * @param detail what the answer says about it
   */
  record Refused(int status, String detail) implements SseDecision {

    /**
     * @throws IllegalArgumentException if the status is neither 204 nor 400 to 599
     */
    public Refused {
      if (status != 204 && (status < 400 || status > 599)) {
        throw new IllegalArgumentException("status: " + status + " (expected: 204 or 400 to 599)");
      }
      requireNonNull(detail, "detail");
    }
  }
}
