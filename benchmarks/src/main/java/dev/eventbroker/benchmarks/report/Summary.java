package dev.eventbroker.benchmarks.report;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Results of a file, ready to be compared: of each load the newest run that measured it, for only
 * figures of one run may stand side by side.
 */
public final class Summary {

  private final Map<String, List<Load>> scenarios = new TreeMap<>();

  /** Takes them in, in any order. */
  public Summary(Collection<Result> results) {
    Map<List<Object>, Load> loads = new LinkedHashMap<>();
    for (Result result : results) {
      List<Object> key = List.of(result.scenario(), result.parameters());
      Load load = loads.get(key);
      // The name of a run is the moment it began, so that the order of names is that of time.
      if (load == null || load.run().compareTo(result.run()) < 0) {
        load = new Load(result.run(), result.scenario(), result.parameters());
        loads.put(key, load);
      }
      if (load.run().equals(result.run())) {
        load.add(result);
      }
    }
    for (Load load : loads.values()) {
      scenarios.computeIfAbsent(load.scenario(), name -> new ArrayList<>()).add(load);
    }
    scenarios.values().forEach(list -> list.sort(Comparator.comparing(Load::parameters, BY_SIZE)));
  }

  private static final Comparator<SortedMap<String, Long>> BY_SIZE =
      (one, other) -> {
        for (Map.Entry<String, Long> parameter : one.entrySet()) {
          int order =
              Long.compare(parameter.getValue(), other.getOrDefault(parameter.getKey(), -1L));
          if (order != 0) {
            return order;
          }
        }
        return Integer.compare(one.size(), other.size());
      };

  /** Returns the names of all scenarios, in order. */
  public List<String> scenarios() {
    return List.copyOf(scenarios.keySet());
  }

  /** Returns every load of a scenario, the smaller before the larger. */
  public List<Load> loads(String scenario) {
    return List.copyOf(scenarios.getOrDefault(scenario, List.of()));
  }

  /** Returns the loads that have these parameters among theirs. */
  public List<Load> loads(String scenario, Map<String, Long> parameters) {
    return loads(scenario).stream()
        .filter(load -> load.parameters().entrySet().containsAll(parameters.entrySet()))
        .toList();
  }

  /** Returns the first load that has these parameters among its own. */
  public Optional<Load> load(String scenario, Map<String, Long> parameters) {
    return loads(scenario, parameters).stream().findFirst();
  }

  /**
   * Returns what a load with stalled readers is compared with: the same without any, or where that
   * was not asked for, the closed loop with as many connections.
   */
  Optional<Load> withoutStalls(Load load) {
    long connections = load.parameter("connections");
    return load(Scenario.STALLED.id(), Map.of("connections", connections, "stalled", 0L))
        .or(() -> load(Scenario.CLOSED.id(), Map.of("connections", connections, "burst", 1L)));
  }
}
