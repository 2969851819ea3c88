import org.jspecify.annotations.NullMarked;

/** Sessions over connections, in memory or in a JDBC store. */
@NullMarked
module dev.eventbroker.sessions {
  requires static transitive org.jspecify;
  requires transitive dev.eventbroker;
  requires transitive java.sql;
  requires org.slf4j;

  exports dev.eventbroker.sessions;
}
