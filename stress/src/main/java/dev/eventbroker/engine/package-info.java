/** Stress tests of what the engine's threads may see of each other. */
@NullMarked
package dev.eventbroker.engine;

import org.jspecify.annotations.NullMarked;
