package dev.eventbroker.benchmarks.report;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Results as Markdown: per scenario, medians with their spread, and ratios to the floor. */
public final class Tables {

  /** With so few peers the loads stand below each other in one table, else each has its own. */
  private static final int FEW_PEERS = 3;

  private static final String NOTHING = "–";

  private final Summary summary;

  /** Shows what this holds. */
  public Tables(Summary summary) {
    this.summary = summary;
  }

  /** Returns the tables of all scenarios. */
  public String markdown() {
    StringBuilder text =
        new StringBuilder(
            "Medians, with the least and the most of all rounds in brackets. Ratios are to the floor"
                + " in the same round: a plain loop in process, bare Netty on the same transport over"
                + " sockets, `pg_notify` in Postgres.\n");
    for (String scenario : inOrder()) {
      text.append("\n### ").append(title(scenario)).append("\n");
      table(text, scenario);
    }
    return text.toString();
  }

  private List<String> inOrder() {
    Set<String> names = new LinkedHashSet<>();
    for (Scenario scenario : Scenario.values()) {
      names.add(scenario.id());
    }
    names.retainAll(summary.scenarios());
    names.addAll(summary.scenarios());
    return List.copyOf(names);
  }

  private static String title(String scenario) {
    return Scenario.of(scenario)
        .map(known -> known.title() + " (`" + scenario + "`)")
        .orElse("`" + scenario + "`");
  }

  private void table(StringBuilder text, String scenario) {
    List<Load> loads = summary.loads(scenario);
    Set<String> peers =
        loads.stream().flatMap(load -> load.peers().stream()).collect(Collectors.toSet());
    if (peers.size() <= FEW_PEERS) {
      rows(text, loads, parameterNames(loads));
      return;
    }
    for (Load load : loads) {
      text.append("\n**").append(describe(load.parameters())).append("**\n");
      rows(text, List.of(load), List.of());
    }
  }

  private static List<String> parameterNames(List<Load> loads) {
    return loads.stream()
        .flatMap(load -> load.parameters().keySet().stream())
        .distinct()
        .sorted()
        .toList();
  }

  /** As {@code 1 000 connections, burst 16}. */
  static String describe(Map<String, Long> parameters) {
    return parameters.isEmpty()
        ? "one load"
        : parameters.entrySet().stream()
            .map(entry -> entry.getKey() + " " + Numbers.whole(entry.getValue()))
            .collect(Collectors.joining(", "));
  }

  private static void rows(StringBuilder text, List<Load> loads, List<String> parameters) {
    List<String> figures = figures(loads);
    boolean ratios = loads.stream().anyMatch(Tables::hasFloor);
    boolean troubles =
        loads.stream()
            .anyMatch(load -> load.peers().stream().anyMatch(p -> measuresTrouble(load, p)));
    List<String> head = new ArrayList<>(parameters);
    head.add("peer");
    for (String figure : figures) {
      head.add(Figure.heading(figure));
      if (ratios && head.size() == parameters.size() + 2) {
        head.add("ratio");
      }
    }
    if (troubles) {
      head.add("trouble");
    }
    text.append("\n");
    row(text, head);
    row(text, head.stream().map(cell -> "---").toList());
    for (Load load : loads) {
      for (String peer : load.peers().stream().sorted(Peers.order()).toList()) {
        List<String> cells = new ArrayList<>();
        parameters.forEach(name -> cells.add(Numbers.whole(load.parameter(name))));
        cells.add(Peers.isOurs(peer) ? "**" + peer + "**" : peer);
        for (String figure : figures) {
          cells.add(cell(load.figure(peer, figure)));
          if (ratios && cells.size() == parameters.size() + 2) {
            cells.add(cell(ratioToFloor(load, peer, figure)));
          }
        }
        if (troubles) {
          cells.add(trouble(load, peer));
        }
        row(text, cells);
      }
    }
  }

  /** The known figures in their order, then what else was measured by name. */
  private static List<String> figures(List<Load> loads) {
    Set<String> measured = new TreeSet<>();
    for (Load load : loads) {
      load.peers().forEach(peer -> measured.addAll(load.figures(peer)));
    }
    measured.removeAll(Figure.TROUBLES);
    Set<String> ordered = new LinkedHashSet<>();
    Scenario.of(loads.get(0).scenario()).ifPresent(known -> ordered.addAll(known.figures()));
    ordered.retainAll(measured);
    ordered.addAll(measured);
    return List.copyOf(ordered);
  }

  private static boolean hasFloor(Load load) {
    return load.peers().stream()
        .anyMatch(peer -> Peers.floor(load.scenario(), peer, load.peers()).isPresent());
  }

  static Optional<Spread> ratioToFloor(Load load, String peer, String figure) {
    return Peers.floor(load.scenario(), peer, load.peers())
        .flatMap(floor -> load.ratio(peer, floor, figure));
  }

  private static boolean measuresTrouble(Load load, String peer) {
    return load.figures(peer).stream().anyMatch(Figure.TROUBLES::contains);
  }

  /** What went wrong in all rounds together: one loss in one round must not hide in a median. */
  private static String trouble(Load load, String peer) {
    if (!measuresTrouble(load, peer)) {
      return NOTHING;
    }
    Map<String, Double> sums = new TreeMap<>();
    for (String trouble : Figure.TROUBLES) {
      double sum = load.sum(peer, trouble);
      if (sum > 0) {
        sums.put(trouble, sum);
      }
    }
    return sums.isEmpty()
        ? "none"
        : sums.entrySet().stream()
            .map(entry -> Numbers.whole(Math.round(entry.getValue())) + " " + entry.getKey())
            .collect(Collectors.joining(", "));
  }

  private static String cell(Optional<Spread> spread) {
    return spread.map(Spread::toString).orElse(NOTHING);
  }

  private static void row(StringBuilder text, List<String> cells) {
    text.append("| ").append(String.join(" | ", cells)).append(" |\n");
  }
}
