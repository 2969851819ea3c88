package dev.eventbroker.examples.board;

import dev.eventbroker.Broker;
import dev.eventbroker.BrokerException;
import dev.eventbroker.BrokerStats;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.Topic;
import dev.eventbroker.sessions.Acquisition;
import dev.eventbroker.sessions.EditSessions;
import dev.eventbroker.sessions.Session;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Everything but the stream. Blocks, so it runs on threads that may. */
final class BoardApi {

  private static final long PUBLISH_SECONDS = 10;
  private static final int MAX_NAME = 64;

  private final String node;
  private final Broker broker;
  private final EditSessions sessions;
  private final Cards cards;

  BoardApi(String node, Broker broker, EditSessions sessions, Cards cards) {
    this.node = node;
    this.broker = broker;
    this.sessions = sessions;
    this.cards = cards;
  }

  /**
   * The answer to a request.
   *
   * @throws HttpProblem if the request can't be done, for a reason that its sender should know
   */
  Reply answer(FullHttpRequest request) throws Exception {
    QueryStringDecoder uri = decoded(request.uri());
    String path = uri.path();
    if (path.equals("/healthz")) {
      requireMethod(request, HttpMethod.GET);
      return health();
    }
    if (path.startsWith("/topics/") && path.endsWith("/events") && !path.equals("/topics/events")) {
      requireMethod(request, HttpMethod.POST);
      return publish(path, uri.parameters(), text(request));
    }
    if (path.equals("/sessions")) {
      requireMethod(request, HttpMethod.POST);
      return acquire(Json.fields(text(request)));
    }
    if (path.startsWith("/sessions/")) {
      requireMethod(request, HttpMethod.DELETE);
      return release(path.substring("/sessions/".length()));
    }
    if (path.equals("/cards")) {
      requireMethod(request, HttpMethod.POST);
      return create(Json.fields(text(request)));
    }
    if (path.startsWith("/cards/")) {
      requireMethod(request, HttpMethod.PATCH);
      return change(path.substring("/cards/".length()), Json.fields(text(request)));
    }
    return page(request, path);
  }

  private Reply health() {
    BrokerStats stats = broker.stats();
    SourceStatus source = stats.sources().get(0).status();
    boolean up = source.state() == SourceStatus.State.UP;
    String body =
        Json.object(
            json -> {
              json.writeStringField("node", node);
              json.writeStringField("status", up ? "UP" : "DOWN");
              json.writeNumberField("connections", stats.connections().open());
              json.writeNumberField("subscriptions", stats.subscriptions().open());
              writeSessions(json);
              json.writeStringField("lastEventId", broker.cursor().toString());
              json.writeObjectFieldStart("source");
              json.writeStringField("name", source.name());
              json.writeStringField("state", source.state().toString());
              json.writeStringField("detail", source.detail());
              json.writeEndObject();
            });
    return Reply.json(up ? 200 : 503, body);
  }

  /**
   * The database that counts sessions may be what is down; the rest is worth knowing all the same.
   */
  private void writeSessions(com.fasterxml.jackson.core.JsonGenerator json) throws IOException {
    try {
      json.writeNumberField("sessions", sessions.count());
    } catch (BrokerException e) {
      json.writeNullField("sessions");
    }
  }

  private Reply publish(String path, Map<String, List<String>> parameters, String data)
      throws Exception {
    Topic topic = Topic.of(path.substring("/topics/".length(), path.length() - "/events".length()));
    String type = parameters.getOrDefault("type", List.of("message")).get(0);
    EventId id = await(Event.of(topic, type, data));
    return Reply.json(202, Json.object(json -> json.writeStringField("id", id.toString())));
  }

  private EventId await(Event event) throws InterruptedException {
    try {
      return broker.publish(event).toCompletableFuture().get(PUBLISH_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new HttpProblem(503, "unavailable", String.valueOf(e.getCause()));
    } catch (TimeoutException e) {
      throw new HttpProblem(
          503, "unavailable", "not confirmed within " + PUBLISH_SECONDS + " s; it may come yet");
    }
  }

  private Reply acquire(Map<String, String> fields) {
    String resource = required(fields, "resource");
    Acquisition outcome =
        sessions.acquire(resource, name(fields, "workstation"), name(fields, "user"));
    if (outcome instanceof Acquisition.Conflict conflict) {
      throw heldBy(conflict.holder())
          .with(
              json -> {
                writeHolder(json, conflict.holder());
                json.writeNumberField("remainingSeconds", conflict.remaining().toSeconds());
              });
    }
    Session session = ((Acquisition.Acquired) outcome).session();
    return Reply.json(
        201,
        Json.object(
            json -> {
              json.writeStringField("id", session.id().toString());
              json.writeNumberField("fence", session.fence());
              json.writeStringField("resource", session.resource());
              json.writeStringField("workstation", session.owner());
              json.writeStringField("user", session.user());
            }));
  }

  private Reply release(String id) {
    UUID session;
    try {
      session = UUID.fromString(id);
    } catch (IllegalArgumentException e) {
      throw HttpProblem.badRequest("session: not an id (expected: a UUID)");
    }
    if (!sessions.release(session)) {
      throw HttpProblem.notFound("session " + session);
    }
    return Reply.empty(204);
  }

  private Reply create(Map<String, String> fields) throws SQLException {
    return Reply.json(
        201, cards.create(required(fields, "title"), required(fields, "column")).toJson());
  }

  private Reply change(String idText, Map<String, String> fields) throws SQLException {
    long id = number(idText);
    String workstation = name(fields, "workstation");
    sessions
        .holder(Card.topic(id).toString())
        .filter(holder -> !holder.owner().equals(workstation))
        .ifPresent(
            holder -> {
              throw heldBy(holder).with(json -> writeHolder(json, holder));
            });
    Optional<Double> rank = Optional.ofNullable(fields.get("rank")).map(BoardApi::rank);
    Card card =
        cards
            .change(
                id,
                Optional.ofNullable(fields.get("title")),
                Optional.ofNullable(fields.get("column")),
                rank)
            .orElseThrow(() -> HttpProblem.notFound("card " + id));
    return Reply.json(200, card.toJson());
  }

  private Reply page(FullHttpRequest request, String path) throws IOException {
    Optional<Reply> page = Pages.at(path);
    if (page.isEmpty()) {
      throw HttpProblem.notFound("path");
    }
    requireMethod(request, HttpMethod.GET);
    return page.get();
  }

  private static HttpProblem heldBy(Session holder) {
    return new HttpProblem(409, "held", holder.resource() + " is being edited by " + holder.user());
  }

  private static void writeHolder(com.fasterxml.jackson.core.JsonGenerator json, Session holder)
      throws IOException {
    json.writeObjectFieldStart("holder");
    json.writeStringField("user", holder.user());
    json.writeStringField("workstation", holder.owner());
    json.writeStringField("since", holder.acquiredAt().toString());
    json.writeEndObject();
  }

  private static QueryStringDecoder decoded(String uri) {
    try {
      QueryStringDecoder decoder = new QueryStringDecoder(uri);
      // Netty's decoder puts U+FFFD for what is not UTF-8.
      if ((decoder.path() + decoder.parameters()).indexOf('\uFFFD') >= 0) {
        throw HttpProblem.badRequest("uri: bytes that are not UTF-8 (expected: UTF-8)");
      }
      return decoder;
    } catch (IllegalArgumentException e) {
      throw HttpProblem.badRequest("uri: " + e.getMessage());
    }
  }

  private static void requireMethod(FullHttpRequest request, HttpMethod expected) {
    if (!request.method().equals(expected)) {
      throw HttpProblem.methodNotAllowed(request.method().name(), expected.name());
    }
  }

  private static String text(FullHttpRequest request) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(request.content().nioBuffer()).toString();
    } catch (CharacterCodingException e) {
      throw HttpProblem.badRequest("body: not UTF-8");
    }
  }

  private static String required(Map<String, String> fields, String name) {
    String value = fields.get(name);
    if (value == null || value.isBlank()) {
      throw HttpProblem.badRequest(name + ": missing (expected: a text)");
    }
    return value;
  }

  private static String name(Map<String, String> fields, String name) {
    String value = required(fields, name);
    if (value.length() > MAX_NAME) {
      throw HttpProblem.badRequest(
          name + ": " + value.length() + " characters (expected: 1 to " + MAX_NAME + ")");
    }
    return value;
  }

  private static long number(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw HttpProblem.badRequest("card: not an id (expected: a number)");
    }
  }

  private static double rank(String text) {
    try {
      double rank = Double.parseDouble(text);
      if (Double.isFinite(rank)) {
        return rank;
      }
    } catch (NumberFormatException e) {
      // It is told below, with infinity.
    }
    throw HttpProblem.badRequest("rank: not a number (expected: one)");
  }
}
