package dev.eventbroker.examples.springmvc;

import dev.eventbroker.Broker;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.sse.BlockingSseStream;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** The application: a broker, which Spring closes at its end, and threads for streams. */
@SpringBootApplication(proxyBeanMethods = false)
public class Application {

  /** Serves until the process is ended. */
  public static void main(String[] args) {
    SpringApplication.run(Application.class, args);
  }

  @Bean
  Broker broker() {
    return new BrokerBuilder().build();
  }

  @Bean
  BlockingSseStream streams(Broker broker) {
    return BlockingSseStream.builder(broker).build();
  }

  /** A thread for each stream; the controller interrupts them when the application ends. */
  @Bean(destroyMethod = "shutdownNow")
  ExecutorService streamThreads() {
    return Executors.newCachedThreadPool();
  }
}
