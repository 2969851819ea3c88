package dev.eventbroker.sse;

import io.netty.handler.codec.CodecException;
import java.io.IOException;

/** Tells what a client can bring about from what we have to answer for. */
final class ClientFault {

  /** Where Netty's protocols live; not all of their exceptions are {@link CodecException}s. */
  private static final String CODECS = "io.netty.handler.codec.";

  private ClientFault() {}

  /** Whether that says no more than that a connection broke, or that bytes made no sense. */
  static boolean is(Throwable cause) {
    return cause instanceof IOException
        || cause instanceof CodecException
        || cause.getClass().getName().startsWith(CODECS);
  }
}
