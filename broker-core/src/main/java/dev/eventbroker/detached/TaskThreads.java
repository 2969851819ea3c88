package dev.eventbroker.detached;

import dev.eventbroker.runtime.BrokerThreads;
import java.util.concurrent.ThreadFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads that tasks run on. One thread runs one task: whatever a task leaves on its thread
 * ends with it, which no pool can promise on a JDK that has no public way to clear ThreadLocals.
 */
public final class TaskThreads {

  private static final Logger log = LoggerFactory.getLogger(TaskThreads.class);

  private TaskThreads() {}

  /**
   * Makes threads whose names begin with that one: virtual ones if they are wanted and the JDK has
   * them, platform daemons otherwise.
   */
  public static ThreadFactory named(String prefix, boolean virtualWhereTheyAre) {
    ThreadFactory platform = new BrokerThreads(prefix);
    if (!virtualWhereTheyAre) {
      return platform;
    }
    return VirtualThreads.named(prefix + '-').map(TaskThreads::furnished).orElse(platform);
  }

  private static ThreadFactory furnished(ThreadFactory virtual) {
    return work -> {
      Thread thread = virtual.newThread(work);
      thread.setContextClassLoader(TaskThreads.class.getClassLoader());
      thread.setUncaughtExceptionHandler((t, e) -> log.error("thread {} died", t.getName(), e));
      return thread;
    };
  }
}
