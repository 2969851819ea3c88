package dev.eventbroker;

/**
 * What became of the detached work when the broker was closed.
 *
 * @param finished tasks that were waiting or running and came to an end, well or badly
 * @param abandoned tasks that never ran, or were interrupted and had not ended, or whose event was
 *     not stored yet, when the time was up; and tasks that were not tried again because of the end
 */
public record DrainReport(long finished, long abandoned) {

  /** Whether nothing was lost. */
  public boolean complete() {
    return abandoned == 0;
  }
}
