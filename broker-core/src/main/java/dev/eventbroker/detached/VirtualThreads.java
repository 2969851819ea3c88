package dev.eventbroker.detached;

import java.lang.reflect.Method;
import java.util.Optional;
import java.util.concurrent.ThreadFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Virtual threads where the running JDK has them for good, that is from 21 on. Reflection, for this
 * is compiled for 17; once for each factory, and not for each thread.
 */
final class VirtualThreads {

  private static final Logger log = LoggerFactory.getLogger(VirtualThreads.class);

  /** On 19 and 20 they are a preview, which an application has to ask for. */
  private static final int FIRST_JDK = 21;

  private VirtualThreads() {}

  /**
   * Makes threads that inherit no InheritableThreadLocal, called by that prefix and a number that
   * counts from 1; empty where there are none.
   */
  static Optional<ThreadFactory> named(String prefix) {
    if (Runtime.version().feature() < FIRST_JDK) {
      return Optional.empty();
    }
    try {
      // Thread.ofVirtual().name(prefix, 1).inheritInheritableThreadLocals(false).factory()
      Class<?> type = Class.forName("java.lang.Thread$Builder");
      Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
      Method name = type.getMethod("name", String.class, long.class);
      Method inherit = type.getMethod("inheritInheritableThreadLocals", boolean.class);
      Object named = name.invoke(builder, prefix, 1L);
      Object inheritsNothing = inherit.invoke(named, false);
      return Optional.of((ThreadFactory) type.getMethod("factory").invoke(inheritsNothing));
    } catch (ReflectiveOperationException e) {
      log.warn("this JDK should have virtual threads; platform threads are used instead", e);
      return Optional.empty();
    }
  }
}
