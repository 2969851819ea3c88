/**
 * Publishing after the commit, with plain JDBC: {@code Transactions} is the part to take over,
 * {@code Orders} what an application does with it, {@code AfterCommit} a small program that shows
 * what a subscriber sees of three transactions.
 */
@NullMarked
package dev.eventbroker.examples.aftercommit;

import org.jspecify.annotations.NullMarked;
