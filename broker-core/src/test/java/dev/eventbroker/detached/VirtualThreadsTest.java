package dev.eventbroker.detached;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Broker;
import dev.eventbroker.Topic;
import dev.eventbroker.engine.BrokerBuilder;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * One jar: virtual threads on a JDK that has them for good, platform threads on one that hasn't.
 */
class VirtualThreadsTest {

  private static final boolean HAS_THEM = Runtime.version().feature() >= 21;

  @Test
  void tasksRunOnVirtualThreadsExactlyWhereTheJdkHasThem() throws Exception {
    try (Broker broker = new BrokerBuilder().name("shop").build()) {
      Thread thread = threadOfATask(broker);

      assertThat(isVirtual(thread)).isEqualTo(HAS_THEM);
      assertThat(thread.getName()).startsWith("shop-detached");
    }
  }

  @Test
  void platformThreadsCanBeChosen() throws Exception {
    try (Broker broker = new BrokerBuilder().name("shop").detachedVirtualThreads(false).build()) {
      Thread thread = threadOfATask(broker);

      assertThat(isVirtual(thread)).isFalse();
      assertThat(thread.getName()).startsWith("shop-detached");
    }
  }

  @Test
  void aFactoryOfVirtualThreadsIsThereExactlyWhereTheJdkHasThem() {
    assertThat(VirtualThreads.named("x-").isPresent()).isEqualTo(HAS_THEM);
  }

  private static Thread threadOfATask(Broker broker) throws Exception {
    return broker
        .detached()
        .submit(Topic.of("a"), context -> Thread.currentThread())
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);
  }

  /** {@code Thread.isVirtual()}, which this is compiled without. */
  private static boolean isVirtual(Thread thread) throws ReflectiveOperationException {
    return HAS_THEM && (boolean) Thread.class.getMethod("isVirtual").invoke(thread);
  }
}
