package dev.eventbroker.benchmarks.inprocess;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.function.Predicate;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * One benchmark run by JMH once, in a JVM of its own, with one value for each parameter and with
 * all that its threads allocate.
 *
 * @param benchmark the class
 * @param threads how many threads call it
 * @param parameters of JMH
 */
record Trial(Class<?> benchmark, int threads, Map<String, String> parameters) {

  /**
   * Runs it. Takes as long as the pace says, a second, and its set-up.
   *
   * @return a result for each method of the class
   * @throws TooSlowException if the peer can't be set up in time
   * @throws IllegalStateException if the benchmark failed, as it does for what was lost
   */
  Collection<RunResult> run(Pace pace) {
    TimeValue each = TimeValue.milliseconds(pace.each().toMillis());
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("^" + benchmark.getName().replace(".", "\\.") + "\\..*")
            .threads(threads)
            .forks(1)
            .warmupIterations(pace.warmups())
            .warmupTime(each)
            .measurementIterations(pace.iterations())
            .measurementTime(each)
            .addProfiler(GCProfiler.class)
            .verbosity(VerboseMode.SILENT)
            .shouldFailOnError(true);
    parameters.forEach(options::param);
    return run(options.build());
  }

  private static Collection<RunResult> run(Options options) {
    try {
      return new Runner(options).run();
    } catch (RunnerException e) {
      List<Throwable> causes = allBehind(e);
      Optional<Throwable> tooSlow = first(causes, TooSlowException.class::isInstance);
      if (tooSlow.isPresent()) {
        throw new TooSlowException(String.valueOf(tooSlow.get().getMessage()));
      }
      throw new IllegalStateException(
          first(causes, IllegalStateException.class::isInstance).orElse(e).getMessage(), e);
    }
  }

  private static Optional<Throwable> first(List<Throwable> causes, Predicate<Throwable> which) {
    return causes.stream().filter(which).findFirst();
  }

  /** JMH has what a benchmark threw among causes of causes and what they suppressed. */
  private static List<Throwable> allBehind(Throwable failure) {
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Queue<Throwable> next = new ArrayDeque<>(List.of(failure));
    while (!next.isEmpty()) {
      Throwable one = next.remove();
      if (seen.add(one)) {
        Optional.ofNullable(one.getCause()).ifPresent(next::add);
        next.addAll(Arrays.asList(one.getSuppressed()));
      }
    }
    return List.copyOf(seen);
  }
}
