/**
 * Streams from a Spring Boot application on Spring MVC and Tomcat. Start at {@code Application};
 * {@code EventsController} is what to copy.
 */
@NullMarked
package dev.eventbroker.examples.springmvc;

import org.jspecify.annotations.NullMarked;
