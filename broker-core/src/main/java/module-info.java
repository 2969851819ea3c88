/**
 * Topics, the log, lanes and subscriptions, detached publishing and live connections. Knows no
 * transport, no database and no JSON.
 */
@org.jspecify.annotations.NullMarked
module dev.eventbroker {
  requires transitive org.slf4j;
  requires static transitive org.jspecify;

  exports dev.eventbroker;
  exports dev.eventbroker.engine;
}
