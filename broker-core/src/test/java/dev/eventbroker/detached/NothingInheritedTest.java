package dev.eventbroker.detached;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.DetachedPublisher;
import dev.eventbroker.EventId;
import dev.eventbroker.Topic;
import dev.eventbroker.testing.ManualTimer;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.MDC;

/**
 * A task sees nothing of whoever submitted it, of whoever happened to start its thread, or of the
 * task before it: on platform threads, and on virtual ones where the JDK has them.
 */
@ParameterizedClass
@ValueSource(booleans = {false, true})
class NothingInheritedTest {

  private static final Topic TOPIC = Topic.of("a");
  private static final String FOREIGN = "of somebody else";
  private static final ThreadLocal<String> LOCAL = new ThreadLocal<>();
  private static final InheritableThreadLocal<String> INHERITABLE = new InheritableThreadLocal<>();
  private static final ThreadBoundTransactions TRANSACTIONS = new ThreadBoundTransactions();
  private static final ClassLoader LOADER =
      new ClassLoader(NothingInheritedTest.class.getClassLoader()) {};

  @Parameter private boolean virtualWhereTheyAre;

  private final ManualTimer timer = new ManualTimer();
  private DetachedWorkers workers;

  /** What a thread may carry, how to put it there, and how to see it. */
  private enum Context {
    THREAD_LOCAL {
      @Override
      void set() {
        LOCAL.set(FOREIGN);
      }

      @Override
      boolean isThere() {
        return LOCAL.get() != null;
      }
    },
    INHERITABLE_THREAD_LOCAL {
      @Override
      void set() {
        INHERITABLE.set(FOREIGN);
      }

      @Override
      boolean isThere() {
        return INHERITABLE.get() != null;
      }
    },
    MAPPED_DIAGNOSTIC_CONTEXT {
      @Override
      void set() {
        MDC.put("request", FOREIGN);
      }

      @Override
      boolean isThere() {
        return MDC.get("request") != null;
      }
    },
    CONTEXT_CLASS_LOADER {
      @Override
      void set() {
        Thread.currentThread().setContextClassLoader(LOADER);
      }

      @Override
      boolean isThere() {
        return Thread.currentThread().getContextClassLoader()
            != DetachedWorkers.class.getClassLoader();
      }
    },
    TRANSACTION {
      @Override
      void set() {
        TRANSACTIONS.begin();
      }

      @Override
      boolean isThere() {
        return TRANSACTIONS.current().isPresent();
      }
    },
    INTERRUPT {
      @Override
      void set() {
        Thread.currentThread().interrupt();
      }

      @Override
      boolean isThere() {
        return Thread.currentThread().isInterrupted();
      }
    },
    PRIORITY {
      @Override
      @SuppressWarnings("ThreadPriorityCheck") // what a container does to its own threads
      void set() {
        Thread.currentThread().setPriority(Thread.MIN_PRIORITY);
      }

      @Override
      boolean isThere() {
        return Thread.currentThread().getPriority() != Thread.NORM_PRIORITY;
      }
    };

    abstract void set();

    abstract boolean isThere();
  }

  @AfterEach
  void stop() {
    workers.drain(Duration.ZERO);
  }

  @ParameterizedTest
  @EnumSource
  void theThreadThatIsFirstMadeByARequestCarriesNothingOfTheRequest(Context context)
      throws Exception {
    DetachedPublisher detached = detached(1);

    CompletableFuture<Boolean> seen =
        onRequestThread(
            () -> {
              context.set();
              return submitted(detached, context::isThere);
            });

    assertThat(seen.get(30, TimeUnit.SECONDS)).isFalse();
  }

  @ParameterizedTest
  @EnumSource
  void aTaskCarriesNothingOfARequestWhenThreadsHaveBeenMadeBefore(Context context)
      throws Exception {
    DetachedPublisher detached = detached(1);
    submitted(detached, () -> true).get(30, TimeUnit.SECONDS);

    CompletableFuture<Boolean> seen =
        onRequestThread(
            () -> {
              context.set();
              return submitted(detached, context::isThere);
            });

    assertThat(seen.get(30, TimeUnit.SECONDS)).isFalse();
  }

  @ParameterizedTest
  @EnumSource
  void aTaskCarriesNothingOfTheTaskBeforeIt(Context context) throws Exception {
    DetachedPublisher detached = detached(1);
    CompletableFuture<Boolean> dirty =
        submitted(
            detached,
            () -> {
              context.set();
              return context.isThere();
            });

    CompletableFuture<Boolean> next = submitted(detached, context::isThere);
    CompletableFuture<Boolean> ofAnotherTopic =
        detached.submit(Topic.of("b"), c -> context.isThere()).toCompletableFuture();

    // A virtual thread has one priority, and keeps it.
    assertThat(dirty.get(30, TimeUnit.SECONDS))
        .isEqualTo(context != Context.PRIORITY || !runsOnVirtualThreads());
    assertThat(next.get(30, TimeUnit.SECONDS)).isFalse();
    assertThat(ofAnotherTopic.get(30, TimeUnit.SECONDS)).isFalse();
  }

  @ParameterizedTest
  @EnumSource
  void aTaskCarriesNothingOfAStageThatHungOnTheTaskBeforeIt(Context context) throws Exception {
    DetachedPublisher detached = detached(1);
    CompletableFuture<Boolean> registered = new CompletableFuture<>();
    CompletableFuture<Boolean> dirtied =
        submitted(detached, () -> registered.get(30, TimeUnit.SECONDS))
            .thenApply(
                done -> {
                  context.set();
                  return true;
                });

    registered.complete(true);
    CompletableFuture<Boolean> next = submitted(detached, context::isThere);

    assertThat(next.get(30, TimeUnit.SECONDS)).isFalse();
    assertThat(dirtied.get(30, TimeUnit.SECONDS)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void threadsCarryTheBrokersNameAndDoNotKeepTheJvmUp(int threads) throws Exception {
    DetachedPublisher detached = detached(threads);

    Thread thread =
        detached
            .submit(TOPIC, c -> Thread.currentThread())
            .toCompletableFuture()
            .get(30, TimeUnit.SECONDS);

    assertThat(thread.getName()).startsWith("orders-detached");
    assertThat(thread.isDaemon()).isTrue();
  }

  private DetachedPublisher detached(int threads) {
    workers =
        new DetachedWorkers(
            new DetachedWorkers.Limits(threads, 100, Duration.ofSeconds(30)),
            new Surroundings(
                message -> CompletableFuture.completedStage(new EventId("e", 1)),
                Set::of,
                (topic, cause) -> {},
                timer,
                timer::nanos,
                new Random(1),
                TaskThreads.named("orders-detached", virtualWhereTheyAre)));
    return new DetachedView(workers);
  }

  private boolean runsOnVirtualThreads() {
    return virtualWhereTheyAre && Runtime.version().feature() >= 21;
  }

  private static CompletableFuture<Boolean> submitted(
      DetachedPublisher detached, Callable<Boolean> task) {
    return detached.submit(TOPIC, context -> task.call()).toCompletableFuture();
  }

  /** A thread that serves one request and has ended when this returns. */
  private static <T> T onRequestThread(Callable<T> handler)
      throws InterruptedException, ExecutionException {
    FutureTask<T> handled = new FutureTask<>(handler);
    Thread request = new Thread(handled, "request");
    request.start();
    request.join();
    return handled.get();
  }

  /** As frameworks do it: the transaction of the current thread, handed down to its children. */
  private static final class ThreadBoundTransactions {

    private final InheritableThreadLocal<String> current = new InheritableThreadLocal<>();

    void begin() {
      current.set("transaction of " + Thread.currentThread().getName());
    }

    Optional<String> current() {
      return Optional.ofNullable(current.get());
    }
  }
}
