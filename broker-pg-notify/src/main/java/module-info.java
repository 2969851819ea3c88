import org.jspecify.annotations.NullMarked;

/** PostgreSQL {@code LISTEN}/{@code NOTIFY} as a source of events and a backplane between nodes. */
@NullMarked
module dev.eventbroker.pg {
  requires static transitive org.jspecify;
  requires static org.checkerframework.checker.qual;
  requires transitive dev.eventbroker;
  requires transitive java.sql;
  requires org.postgresql.jdbc;
  requires com.fasterxml.jackson.core;
  requires org.slf4j;

  exports dev.eventbroker.pg;
  // The driver makes our socket factory by its name; nobody else needs to see it.
  exports dev.eventbroker.pg.socket to
      org.postgresql.jdbc;
}
