/**
 * Topics, the log, lanes and subscriptions, detached publishing and live connections. Knows no
 * transport, no database and no JSON.
 */
@org.jspecify.annotations.NullMarked
@SuppressWarnings("module") // the modules below are built after this one
module dev.eventbroker {
  requires transitive org.slf4j;
  requires static transitive org.jspecify;

  exports dev.eventbroker;
  exports dev.eventbroker.engine;

  // Not for anybody else: how this project makes threads and keeps its warnings from flooding a
  // log.
  exports dev.eventbroker.runtime to
      dev.eventbroker.pg,
      dev.eventbroker.sessions,
      dev.eventbroker.sse;
}
