/**
 * What all machinery of this project runs on: threads that inherit nothing, and warnings that can't
 * flood a log. Exported to the project's own modules only.
 */
@NullMarked
package dev.eventbroker.runtime;

import org.jspecify.annotations.NullMarked;
