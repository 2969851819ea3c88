/** PostgreSQL {@code LISTEN}/{@code NOTIFY} as a source of events and a backplane between nodes. */
@NullMarked
package dev.eventbroker.pg;

import org.jspecify.annotations.NullMarked;
