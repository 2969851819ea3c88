package dev.eventbroker;

/**
 * The root of what this library throws, apart from {@link IllegalArgumentException} for bad
 * arguments.
 */
public class BrokerException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** With what was wrong and what was expected. */
  public BrokerException(String message) {
    super(message);
  }

  /** With what was wrong and what caused it. */
  public BrokerException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The broker was closed, or is closing. */
  public static final class Closed extends BrokerException {

    private static final long serialVersionUID = 1L;

    /** With the name of what was closed. */
    public Closed(String what) {
      super(what + ": closed (expected: open)");
    }
  }

  /** A bound was reached, and the work was refused instead of dropped. */
  public static final class Overloaded extends BrokerException {

    private static final long serialVersionUID = 1L;

    /** With the bound that was reached. */
    public Overloaded(String message) {
      super(message);
    }
  }
}
