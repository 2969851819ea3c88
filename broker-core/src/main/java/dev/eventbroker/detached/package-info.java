/**
 * Publishing that outlives its request, or waits for its commit. Not exported: see {@code
 * DetachedPublisher} and {@code DeferredPublisher}.
 *
 * <p>In the order a task meets them: {@code DetachedView} (what a caller sees), {@code
 * DetachedWorkers} (taken or refused), {@code TopicLines} (which one runs when), {@code Job} (from
 * its submission to its end), {@code Attempt} (one run within its time). {@code TaskThreads} makes
 * the threads, {@code Workload} counts, {@code Failures} and {@code Gaps} tell what went wrong. For
 * a transaction: {@code DeferredPublishing} and {@code DeferredMessages}.
 */
@NullMarked
package dev.eventbroker.detached;

import org.jspecify.annotations.NullMarked;
