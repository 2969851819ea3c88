/**
 * What all machinery of this module runs on: threads that inherit nothing, and warnings that can't
 * flood a log.
 */
@NullMarked
package dev.eventbroker.runtime;

import org.jspecify.annotations.NullMarked;
