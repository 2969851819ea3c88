package dev.eventbroker.pg;

import dev.eventbroker.BrokerException;
import org.jspecify.annotations.Nullable;

/**
 * The event may have been published or not: the connection was lost while it was being stored, or
 * after that and before its place was known. It may still reach everybody.
 */
public final class OutcomeUnknownException extends BrokerException {

  private static final long serialVersionUID = 1L;

  OutcomeUnknownException(String message, @Nullable Throwable cause) {
    super(message);
    if (cause != null) {
      initCause(cause);
    }
  }
}
