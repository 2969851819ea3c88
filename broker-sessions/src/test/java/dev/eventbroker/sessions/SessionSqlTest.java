package dev.eventbroker.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is run against a turned clock in tests is what runs against the database's. */
class SessionSqlTest {

  @Test
  void theClockIsTheDatabasesAndNoOther() throws IllegalAccessException {
    SessionSchema schema = new SessionSchema("app", SessionSql.DATABASE_CLOCK);
    assertThat(SessionSql.DATABASE_CLOCK).isEqualTo("clock_timestamp()");
    for (String sql : statements()) {
      String run = schema.in(sql);

      assertThat(run).doesNotContain("{");
      assertThat(run.replace("clock_timestamp()", ""))
          .doesNotContain("_timestamp()")
          .doesNotContainPattern("\\bnow\\s*\\(|current_(time|date)|localtime");
    }
  }

  @Test
  void aSchemaWithQuotesStaysOneNameEverywhere() throws IllegalAccessException {
    SessionSchema schema = new SessionSchema("we'ird \"one\"", SessionSql.DATABASE_CLOCK);

    assertThat(schema.in(SessionSql.MARK_LEFT))
        .contains("nextval('\"we''ird \"\"one\"\"\".eb_roll')")
        .contains("update \"we'ird \"\"one\"\"\".eb_session");
  }

  private static List<String> statements() throws IllegalAccessException {
    List<String> statements = new ArrayList<>();
    for (Field field : SessionSql.class.getDeclaredFields()) {
      if (field.getType() == String.class) {
        field.setAccessible(true);
        statements.add((String) field.get(null));
      }
    }
    assertThat(statements).hasSizeGreaterThan(20);
    return statements;
  }
}
