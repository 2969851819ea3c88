package dev.eventbroker.runtime;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the broker's own threads. They are named and daemons, and inherit nothing from the thread
 * that happens to make them, which may be serving a request: no InheritableThreadLocal, no context
 * class loader, no thread group, no priority. Their context class loader is the one that loaded
 * this library.
 */
public final class BrokerThreads implements ThreadFactory {

  private static final Logger log = LoggerFactory.getLogger(BrokerThreads.class);

  private final String prefix;
  private final ThreadGroup root = rootGroup();
  private final AtomicInteger made = new AtomicInteger();

  /** Threads called {@code prefix}, {@code prefix-2}, {@code prefix-3} and so on. */
  public BrokerThreads(String prefix) {
    this.prefix = prefix;
  }

  @Override
  @SuppressWarnings("ThreadPriorityCheck") // not to rely on priorities: to not inherit one
  public Thread newThread(Runnable work) {
    boolean inheritThreadLocals = false;
    int number = made.incrementAndGet();
    String name = number == 1 ? prefix : prefix + '-' + number;
    Thread thread = new Thread(root, work, name, 0, inheritThreadLocals);
    thread.setContextClassLoader(BrokerThreads.class.getClassLoader());
    thread.setDaemon(true);
    thread.setPriority(Thread.NORM_PRIORITY);
    thread.setUncaughtExceptionHandler((t, e) -> log.error("thread {} died", t.getName(), e));
    return thread;
  }

  private static ThreadGroup rootGroup() {
    ThreadGroup group = Thread.currentThread().getThreadGroup();
    while (group.getParent() != null) {
      group = group.getParent();
    }
    return group;
  }
}
