package dev.eventbroker.benchmarks.inprocess;

/** A peer can't have that many subscribers in the time that it has for it. */
final class TooSlowException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  TooSlowException(String message) {
    super(message);
  }
}
