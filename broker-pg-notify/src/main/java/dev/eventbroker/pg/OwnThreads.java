package dev.eventbroker.pg;

import java.util.concurrent.ThreadFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the threads of one source: named, daemons, and inheriting nothing from the thread that
 * happens to make them.
 *
 * @param name what each of them is called
 */
record OwnThreads(String name) implements ThreadFactory {

  private static final Logger log = LoggerFactory.getLogger(OwnThreads.class);

  @Override
  public Thread newThread(Runnable work) {
    boolean inheritThreadLocals = false;
    Thread thread = new Thread(null, work, name, 0, inheritThreadLocals);
    thread.setContextClassLoader(OwnThreads.class.getClassLoader());
    thread.setDaemon(true);
    thread.setUncaughtExceptionHandler((t, e) -> log.error("thread {} died", t.getName(), e));
    return thread;
  }
}
