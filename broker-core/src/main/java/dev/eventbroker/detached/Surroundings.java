package dev.eventbroker.detached;

import dev.eventbroker.EventId;
import dev.eventbroker.Message;
import dev.eventbroker.Topic;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * What detached work needs of its broker.
 *
 * @param publish publishes a message; any thread, does not block
 * @param connected the principals that are connected now
 * @param observer is told of tasks that failed or were refused
 * @param timer runs what is due later; nothing foreign runs there
 * @param nanoClock measures how long something takes
 * @param random draws delays and idempotency keys
 * @param threads makes the threads of tasks: a new one each time, that inherits nothing
 */
public record Surroundings(
    Function<Message, CompletionStage<EventId>> publish,
    Supplier<Set<String>> connected,
    BiConsumer<Topic, Throwable> observer,
    ScheduledExecutorService timer,
    LongSupplier nanoClock,
    RandomGenerator random,
    ThreadFactory threads) {}
