/** Publishing that outlives its request. Not exported: see {@code DetachedPublisher}. */
@NullMarked
package dev.eventbroker.detached;

import org.jspecify.annotations.NullMarked;
