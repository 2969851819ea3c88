package dev.eventbroker.engine;

/**
 * When a replay merges the strands of topics instead of looking at every entry.
 *
 * @param scanned up to this distance every entry is looked at
 * @param searchedPart levels of the topics' tree are looked at only up to this part of the distance
 */
record ReplayEffort(long scanned, long searchedPart) {

  /**
   * To look at one slice of a backlog costs about what finding strands does. To reach a level of
   * the tree and merge its strand costs some ten times what a look at an entry does, and the places
   * of a long merge take memory; both stay small beside the log itself.
   */
  static final ReplayEffort DEFAULT = new ReplayEffort(256, 32);
}
