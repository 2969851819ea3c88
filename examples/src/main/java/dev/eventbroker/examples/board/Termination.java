package dev.eventbroker.examples.board;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs something when the process is told to end, before any shutdown hook. The embedded Postgres
 * stops itself by such a hook, and hooks run all at once: nodes that are closed by one would be
 * talking to a database that is going down.
 */
final class Termination {

  private static final Logger log = LoggerFactory.getLogger(Termination.class);

  private Termination() {}

  /** Runs the work once for Ctrl-C or a kill. */
  static void onSignal(Runnable work) {
    for (String signal : new String[] {"INT", "TERM"}) {
      try {
        handle(signal, work);
      } catch (ReflectiveOperationException | IllegalArgumentException e) {
        log.info("no handler for SIG{}, so the nodes end with the process", signal, e);
      }
    }
  }

  /**
   * By reflection: the only interface to signals that there is belongs to a module that compilers
   * warn about.
   */
  private static void handle(String signal, Runnable work) throws ReflectiveOperationException {
    Class<?> signalType = Class.forName("sun.misc.Signal");
    Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
    Object handler =
        Proxy.newProxyInstance(
            handlerType.getClassLoader(),
            new Class<?>[] {handlerType},
            (proxy, method, arguments) -> {
              if (method.getName().equals("handle")) {
                work.run();
              }
              return null;
            });
    try {
      signalType
          .getMethod("handle", signalType, handlerType)
          .invoke(null, signalType.getConstructor(String.class).newInstance(signal), handler);
    } catch (InvocationTargetException e) {
      throw new ReflectiveOperationException(e.getCause());
    }
  }
}
