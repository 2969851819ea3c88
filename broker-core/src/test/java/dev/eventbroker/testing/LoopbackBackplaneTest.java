package dev.eventbroker.testing;

import dev.eventbroker.Backplane;

class LoopbackBackplaneTest extends BackplaneContract {

  private final LoopbackBackplane.Medium medium = new LoopbackBackplane.Medium();

  @Override
  protected Backplane newNode() {
    return new LoopbackBackplane(medium);
  }
}
