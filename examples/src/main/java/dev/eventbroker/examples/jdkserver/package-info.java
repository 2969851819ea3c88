/**
 * Streams from a server that is not Netty: the JDK's own {@code com.sun.net.httpserver}. Start at
 * {@code JdkServer}.
 */
@NullMarked
package dev.eventbroker.examples.jdkserver;

import org.jspecify.annotations.NullMarked;
