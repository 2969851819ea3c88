package dev.eventbroker.pg;

import dev.eventbroker.Authorized;
import dev.eventbroker.BrokerException;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscription;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.pg.PgHistoryChecker.Ordered;
import dev.eventbroker.pg.WrittenHistory.Fate;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * One seeded history: two nodes on one database, each behind a network of its own that misbehaves;
 * publishers on both, in transactions and without, some of them with one key; subscribers that
 * come, go and resume on the other node; backends that are killed and servers that crash meanwhile.
 *
 * <p>The seed decides what everybody does. Who comes first is decided by the threads, so a seed is
 * a kind of history and not one history; what has happened is in the trace.
 */
final class PgHistory implements AutoCloseable {

  /** Only says when a history has failed. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final int NODES = 2;
  private static final int EVENTS = 8;
  private static final int TRANSACTIONS = 5;
  private static final int KEYS = 5;
  private static final int SUBSCRIBERS = 3;
  private static final int SUBSCRIPTIONS = 4;
  private static final int FAULTS = 4;

  /** A fault of another history may meet one of these, for they share the server. */
  private static final int MOST_ENDS = 20;

  private static final List<Topic> TOPICS = List.of(Topic.of("history/a"), Topic.of("history/b"));

  private final long seed;
  private final OwnServer server;
  private final String schema;
  private final FaultProxy[] networks = new FaultProxy[NODES];
  private final Node[] nodes = new Node[NODES];
  private final WrittenHistory written = new WrittenHistory();
  private final List<SeenHistory> seen = new CopyOnWriteArrayList<>();
  private final List<SeenHistory> toTheEnd = new CopyOnWriteArrayList<>();
  private final List<String> trace = new CopyOnWriteArrayList<>();
  private final CountDownLatch calm = new CountDownLatch(1);
  private final long start = System.nanoTime();

  PgHistory(long seed, OwnServer server) throws Exception {
    this.seed = seed;
    this.server = server;
    this.schema = "history_" + seed;
    persistently(
        connection -> {
          PgSchema.apply(connection, schema);
          return schema;
        });
    for (int i = 0; i < NODES; i++) {
      networks[i] = new FaultProxy(server.port());
      nodes[i] = newNode(i);
    }
  }

  /** The server may be away at that moment, for this history or another one. */
  private Node newNode(int i) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        return startNode(i);
      } catch (BrokerException e) {
        if (System.nanoTime() - end > 0) {
          throw e;
        }
      }
    }
  }

  private Node startNode(int i) {
    return Node.on(
        schema,
        TestDatabase.url(networks[i].port()),
        builder ->
            builder
                .name("h" + seed + "n" + i)
                .canaryInterval(Duration.ofMillis(100))
                .canaryTimeout(Duration.ofMillis(400))
                .statementTimeout(Duration.ofSeconds(1))
                .pollInterval(Duration.ofMillis(100))
                .closeTimeout(Duration.ofSeconds(1)));
  }

  /** What is wrong with it; empty if nothing is. */
  PgHistoryChecker run(Executor threads) throws Exception {
    for (int i = 0; i < NODES; i++) {
      awaitUp(i);
    }
    Random random = new Random(seed);
    List<CompletableFuture<Void>> actors = new ArrayList<>();
    for (int i = 0; i < NODES; i++) {
      String publisher = "p" + i;
      String transactor = "t" + i;
      int node = i;
      Random first = new Random(random.nextLong());
      Random second = new Random(random.nextLong());
      actors.add(CompletableFuture.runAsync(() -> publish(publisher, node, first), threads));
      actors.add(CompletableFuture.runAsync(() -> transact(transactor, second), threads));
    }
    Random late = new Random(random.nextLong());
    actors.add(CompletableFuture.runAsync(() -> commitLate("late", late), threads));
    Random racing = new Random(random.nextLong());
    actors.add(CompletableFuture.runAsync(() -> race(racing), threads));
    for (int i = 0; i < SUBSCRIBERS; i++) {
      String name = "s" + i;
      Random own = new Random(random.nextLong());
      actors.add(CompletableFuture.runAsync(() -> subscribe(name, own), threads));
    }
    for (int i = 0; i < FAULTS; i++) {
      dawdle(random, 60);
      fault(random);
    }
    calm.countDown();
    for (CompletableFuture<Void> actor : actors) {
      Await.of(actor);
    }
    return check();
  }

  // ---- Publishing

  private void publish(String publisher, int node, Random random) {
    List<String> data = new ArrayList<>();
    List<CompletionStage<EventId>> stages = new ArrayList<>();
    for (int i = 0; i < EVENTS; i++) {
      data.add(publisher + "#" + i);
      stages.add(publish(node(node), event(data.get(i), random)));
      dawdle(random, 40);
    }
    for (int i = 0; i < EVENTS; i++) {
      settle(Optional.of(publisher), data.get(i), stages.get(i));
    }
  }

  private static CompletionStage<EventId> publish(Node node, Event event) {
    try {
      return node.broker.publish(event);
    } catch (BrokerException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  private Optional<EventId> settle(
      Optional<String> publisher, String data, CompletionStage<EventId> stage) {
    Answer answer = answer(data, stage);
    written.add(publisher, data, answer.fate(), answer.id().map(EventId::toString));
    return answer.id();
  }

  private Answer answer(String data, CompletionStage<EventId> stage) {
    try {
      return new Answer(Fate.PUBLISHED, Optional.of(Await.of(stage)));
    } catch (ExecutionException e) {
      note(data + ": " + e.getCause());
      boolean unknown = e.getCause() instanceof OutcomeUnknownException;
      return new Answer(unknown ? Fate.UNKNOWN : Fate.NEVER, Optional.empty());
    } catch (Exception e) {
      throw new AssertionError(data, e);
    }
  }

  private record Answer(Fate fate, Optional<EventId> id) {}

  /** The same key from all sides at once: one of them has the place, and all are told that one. */
  private void race(Random random) {
    for (int i = 0; i < KEYS; i++) {
      String data = "key#" + i;
      Event event = event(data, random).withIdempotencyKey(data);
      List<CompletionStage<EventId>> stages = new ArrayList<>();
      for (int node = 0; node < NODES; node++) {
        stages.add(publish(node(node), event));
      }
      List<Answer> answers = new ArrayList<>();
      boolean commit = random.nextInt(3) > 0;
      Fate fate = transaction(List.of(event), random, commit, () -> dawdle(random, 20));
      answers.add(new Answer(fate, Optional.empty()));
      stages.forEach(stage -> answers.add(answer(data, stage)));
      writeRace(data, answers);
      dawdle(random, 40);
    }
  }

  /** Who was refused knows nothing of the others: it is certain only if all were. */
  private void writeRace(String data, List<Answer> answers) {
    note(data + " " + answers);
    boolean allRefused = answers.stream().allMatch(answer -> answer.fate() == Fate.NEVER);
    for (Answer answer : answers) {
      Fate fate = answer.fate() == Fate.NEVER && !allRefused ? Fate.UNKNOWN : answer.fate();
      written.add(Optional.empty(), data, fate, answer.id().map(EventId::toString));
    }
  }

  private void transact(String writer, Random random) {
    int next = 0;
    for (int i = 0; i < TRANSACTIONS; i++) {
      int events = 1 + random.nextInt(3);
      List<String> data = new ArrayList<>();
      for (int k = 0; k < events; k++) {
        data.add(writer + "#" + next++);
      }
      boolean commit = random.nextInt(3) > 0;
      Fate fate = transaction(events(data, random), random, commit, () -> dawdle(random, 40));
      data.forEach(event -> written.add(Optional.of(writer), event, fate, Optional.empty()));
      note(data + " " + fate);
      dawdle(random, 30);
    }
  }

  /** Open while everybody else goes on, and while everything breaks. */
  private void commitLate(String writer, Random random) {
    List<String> data = List.of(writer + "#0", writer + "#1");
    boolean commit = random.nextInt(4) > 0;
    Fate fate = transaction(events(data, random), random, commit, this::awaitCalm);
    data.forEach(event -> written.add(Optional.of(writer), event, fate, Optional.empty()));
    note(data + " " + fate);
  }

  private void awaitCalm() {
    try {
      calm.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private Fate transaction(List<Event> events, Random random, boolean commit, Runnable meanwhile) {
    boolean committing = false;
    try (Connection connection = server.connect()) {
      connection.setAutoCommit(false);
      for (Event event : events) {
        node(random).backplane.publish(connection, event);
        meanwhile.run();
      }
      if (!commit) {
        connection.rollback();
        return Fate.NEVER;
      }
      committing = true;
      connection.commit();
      if (random.nextBoolean()) {
        node(random).backplane.wake();
      }
      return Fate.PUBLISHED;
    } catch (SQLException e) {
      return committing ? Fate.UNKNOWN : Fate.NEVER;
    }
  }

  private static List<Event> events(List<String> data, Random random) {
    return data.stream().map(each -> event(each, random)).toList();
  }

  private static Event event(String data, Random random) {
    return Event.of(TOPICS.get(random.nextInt(TOPICS.size())), "t", data);
  }

  // ---- Subscribing

  private void subscribe(String name, Random random) {
    TopicFilter filter = random.nextBoolean() ? TopicFilter.ALL : TopicFilter.of("history/a");
    Optional<EventId> place = Optional.empty();
    for (int i = 1; i <= SUBSCRIPTIONS; i++) {
      SeenHistory mine = new SeenHistory(name + "." + i, filter, place);
      Node node = node(random);
      Subscription subscription;
      try {
        subscription = node.broker.subscribe(request(mine), mine);
      } catch (BrokerException.Closed e) {
        continue;
      }
      seen.add(mine);
      note(mine.name + " on " + node.backplane.name() + " after " + place);
      if (i == SUBSCRIPTIONS) {
        toTheEnd.add(mine);
        return;
      }
      dawdle(random, 120);
      subscription.close();
      place = random.nextInt(4) > 0 ? mine.place() : Optional.empty();
    }
  }

  private static SubscribeRequest request(SeenHistory mine) {
    SubscribeRequest.Builder<?> request =
        SubscribeRequest.by(Authorized.principal(mine.name)).filter(mine.filter);
    mine.asked.ifPresent(id -> request.lastEventId(id.toString()));
    return request.build();
  }

  private Node node(Random random) {
    return node(random.nextInt(NODES));
  }

  private synchronized Node node(int i) {
    return nodes[i];
  }

  // ---- What goes wrong

  private void fault(Random random) throws Exception {
    int i = random.nextInt(NODES);
    String node = nodes[i].backplane.name();
    switch (random.nextInt(9)) {
      case 0 -> terminate(node + "-listener");
      case 1 -> terminate(node + "-worker");
      case 2 -> terminate(node);
      case 3 -> note("cut " + i, networks[i]::cut);
      case 4 -> note("blackhole " + i, networks[i]::blackhole);
      case 5 -> {
        int bytes = random.nextInt(200);
        note("only " + bytes + " bytes from the server to " + i);
        networks[i].passFromServer(bytes);
      }
      case 6 -> replace(i);
      case 7 -> crashABackend(random);
      default -> cutAll();
    }
  }

  private void terminate(String application) throws SQLException {
    note("terminate " + application);
    persistently(
        connection -> {
          try (Statement statement = connection.createStatement()) {
            return statement.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                    + " where starts_with(application_name, '"
                    + application
                    + "')");
          }
        });
  }

  /** One that dies takes all others with it: an immediate restart, as far as clients can see. */
  private void crashABackend(Random random) throws Exception {
    if (random.nextInt(4) == 0) {
      note("kill -9 of a backend");
      server.killABackend();
    } else {
      cutAll();
    }
  }

  private void cutAll() {
    note("cut all");
    for (FaultProxy network : networks) {
      network.cut();
    }
  }

  private void replace(int i) {
    Node old = nodes[i];
    note("close " + old.backplane.name());
    old.close();
    Node young = newNode(i);
    synchronized (this) {
      nodes[i] = young;
    }
    note("in its place " + nodes[i].backplane.name());
  }

  private void note(String what) {
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    trace.add(millis + " ms " + what);
  }

  private void note(String what, Runnable action) {
    note(what);
    action.run();
  }

  List<String> trace() {
    return trace;
  }

  // ---- The end

  private PgHistoryChecker check() throws Exception {
    for (int i = 0; i < NODES; i++) {
      awaitUp(i);
    }
    note("all is well again");
    // What is published now comes after all that was committed before.
    int ends = 0;
    for (Topic topic : TOPICS) {
      Optional<EventId> end = Optional.empty();
      while (end.isEmpty()) {
        if (ends > MOST_ENDS) {
          throw new AssertionError("all is well, and nothing can be published: " + written.all());
        }
        String data = "end#" + ends++;
        Node node = nodes[ends % NODES];
        end = settle(Optional.of("end"), data, node.broker.publish(Event.of(topic, "t", data)));
      }
    }
    PgHistoryChecker checker = persistently(this::readOrder);
    checker.check(written);
    for (SeenHistory last : toTheEnd) {
      long position = checker.lastFor(last.filter);
      Await.until(
          "position " + position + " of " + last + " after " + trace,
          () -> last.isOver() || last.place().filter(id -> id.position() >= position).isPresent());
    }
    for (SeenHistory one : seen) {
      checker.check(one, toTheEnd.contains(one) && !one.isOver());
    }
    return checker;
  }

  private PgHistoryChecker readOrder(Connection connection) throws SQLException {
    List<Ordered> order = new ArrayList<>();
    try (Statement statement = connection.createStatement()) {
      statement.execute("set search_path to " + schema);
      try (ResultSet rows =
          statement.executeQuery(
              "select pos, topic, data from eb_ordered join eb_outbox using (seq) order by pos")) {
        while (rows.next()) {
          order.add(new Ordered(rows.getLong(1), rows.getString(2), rows.getString(3)));
        }
      }
      try (ResultSet row = statement.executeQuery("select epoch from eb_sequencer")) {
        row.next();
        return new PgHistoryChecker(row.getString(1), order);
      }
    }
  }

  private void awaitUp(int i) {
    Await.until(
        "up " + nodes[i].backplane.name(),
        () -> nodes[i].backplane.status().state() == SourceStatus.State.UP);
  }

  /** The server may be starting again, for this history or another one. */
  private <T> T persistently(Query<T> query) throws SQLException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try (Connection connection = server.connect()) {
        return query.ask(connection);
      } catch (SQLException e) {
        if (System.nanoTime() - end > 0) {
          throw e;
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
    }
  }

  private interface Query<T> {
    T ask(Connection connection) throws SQLException;
  }

  private static void dawdle(Random random, int millis) {
    LockSupport.parkNanos(random.nextLong(TimeUnit.MILLISECONDS.toNanos(millis)));
  }

  /** Ends the nodes; nothing of theirs may be left on the server. */
  @Override
  public void close() throws SQLException {
    calm.countDown();
    for (int i = 0; i < NODES; i++) {
      nodes[i].close();
      networks[i].close();
    }
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (backends() > 0) {
      if (System.nanoTime() - end > 0) {
        throw new AssertionError("backends left of history " + seed);
      }
    }
    persistently(
        connection -> {
          try (Statement statement = connection.createStatement()) {
            return statement.execute("drop schema if exists " + schema + " cascade");
          }
        });
  }

  private long backends() throws SQLException {
    return persistently(
        connection -> {
          try (Statement statement = connection.createStatement();
              ResultSet row =
                  statement.executeQuery(
                      "select count(*) from pg_stat_activity where starts_with(application_name, 'h"
                          + seed
                          + "n')")) {
            row.next();
            return row.getLong(1);
          }
        });
  }
}
