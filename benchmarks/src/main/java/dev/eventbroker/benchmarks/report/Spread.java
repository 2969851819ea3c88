package dev.eventbroker.benchmarks.report;

import java.util.Collection;
import java.util.Optional;

/**
 * What several rounds gave for one figure.
 *
 * @param median the middle one; of an even number, halfway between the middle two
 * @param min the least
 * @param max the most
 * @param rounds how many there were
 */
public record Spread(double median, double min, double max, int rounds) {

  /** Returns the spread of these values, or nothing where there are none. */
  public static Optional<Spread> of(Collection<Double> values) {
    if (values.isEmpty()) {
      return Optional.empty();
    }
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return Optional.of(new Spread(median, sorted[0], sorted[sorted.length - 1], sorted.length));
  }

  /** As {@code 268 k (224 k–269 k)}; the median alone where no spread shows. */
  @Override
  public String toString() {
    String text = Numbers.brief(median);
    String least = Numbers.brief(min);
    String most = Numbers.brief(max);
    return least.equals(most) ? text : text + " (" + least + "–" + most + ")";
  }
}
