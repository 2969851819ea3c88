import org.jspecify.annotations.NullMarked;

/** PostgreSQL {@code LISTEN}/{@code NOTIFY} as a source of events and a backplane between nodes. */
@NullMarked
module dev.eventbroker.pg {
  requires static transitive org.jspecify;
  requires transitive dev.eventbroker;
  requires transitive java.sql;
  requires transitive org.postgresql.jdbc;
  requires com.fasterxml.jackson.core;
  requires org.slf4j;
}
