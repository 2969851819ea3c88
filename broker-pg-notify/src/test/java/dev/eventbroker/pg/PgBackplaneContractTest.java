package dev.eventbroker.pg;

import dev.eventbroker.Backplane;
import dev.eventbroker.testing.BackplaneContract;
import org.junit.jupiter.api.BeforeEach;

class PgBackplaneContractTest extends BackplaneContract {

  private String schema;

  @BeforeEach
  void newSchema() throws Exception {
    schema = TestDatabase.newSchema();
  }

  @Override
  protected Backplane newNode() {
    return PgBackplane.builder(TestDatabase.url()).schema(schema).build();
  }
}
