package orderflow.rival;

import static org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import orderflow.fraud.OrderFraudDetected;
import orderflow.fraud.OrderValidatedForFraud;
import orderflow.inventory.InventoryReserved;
import orderflow.inventory.InventoryShipped;
import orderflow.orders.OrderPlaced;
import orderflow.payments.PaymentProcessed;
import orderflow.shipping.ShippingLabelGenerated;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;

/** Runs one of the four applications: {@code java orderflow.rival.Apps fraud-scoring}. */
public final class Apps {
  private static final Map<String, String> ENV = System.getenv();

  private Apps() {}

  public static void main(String[] args) throws IOException {
    String app = args[0];
    // Kafka Streams makes it too, and ends when another of the four has just made it.
    Files.createDirectories(Path.of(ENV.get("STATE_DIR")));
    KafkaStreams streams = new KafkaStreams(topology(app).build(), config(app));
    streams.setStateListener((now, before) -> System.out.println("STATE " + now));
    streams.setUncaughtExceptionHandler(e -> SHUTDOWN_CLIENT);
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }

  private static StreamsBuilder topology(String app) {
    StreamsBuilder builder = new StreamsBuilder();
    switch (app) {
      case "fraud-scoring" -> {
        var serde = Events.serde(OrderPlaced.class, OrderValidatedForFraud.class, OrderFraudDetected.class);
        builder.addStateStore(Hops.velocityStore());
        hop(builder, serde, Events.ORDERS, Hops.OnOrderPlaced::new, Events.FRAUD, Hop.STORE);
      }
      case "inventory" -> {
        var serde =
            Events.serde(
                OrderValidatedForFraud.class,
                InventoryReserved.class,
                ShippingLabelGenerated.class,
                InventoryShipped.class);
        // Added by itself: when two processors' suppliers both bring it, each gets a task of its own, and both the store.
        builder.addStateStore(Hops.storeByOrder(Events.reservations()));
        hop(builder, serde, Events.FRAUD, Hops.OnOrderValidated::new, Events.INVENTORY, Hop.STORE);
        hop(builder, serde, Events.SHIPPING, Hops.OnShippingLabelGenerated::new, Events.INVENTORY, Hop.STORE);
      }
      case "payment" -> {
        var serde = Events.serde(InventoryReserved.class, PaymentProcessed.class);
        builder.addStateStore(Hops.storeByOrder(Serdes.String()));
        hop(builder, serde, Events.INVENTORY, Hops.OnInventoryReserved::new, Events.PAYMENTS, Hop.STORE);
      }
      case "shipping" -> {
        var serde = Events.serde(PaymentProcessed.class, ShippingLabelGenerated.class);
        hop(builder, serde, Events.PAYMENTS, Hops.OnPaymentProcessed::new, Events.SHIPPING);
      }
      default -> throw new IllegalArgumentException(app);
    }
    return builder;
  }

  private static void hop(
      StreamsBuilder builder,
      Serde<SpecificRecordBase> serde,
      String from,
      FixedKeyProcessorSupplier<String, SpecificRecordBase, SpecificRecordBase> work,
      String to,
      String... stores) {
    builder.stream(from, Consumed.with(Serdes.String(), serde))
        .processValues(work, stores)
        .to(to, Produced.with(Serdes.String(), serde));
  }

  private static Properties config(String app) {
    String commitMs = ENV.getOrDefault("COMMIT_MS", "100");
    Properties p = new Properties();
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, Events.applicationId(app));
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, ENV.get("KAFKA_BOOTSTRAP_SERVERS"));
    p.put(StreamsConfig.STATE_DIR_CONFIG, ENV.get("STATE_DIR"));
    p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, ENV.getOrDefault("THREADS", "1"));
    p.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, "1");
    p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, commitMs);
    // A thread looks at the commit interval only between polls, so no poll may outlast it.
    p.put(StreamsConfig.POLL_MS_CONFIG, commitMs);
    // Most keys are written once: a record cache in front of the stores would only cost.
    p.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, "0");
    p.put(StreamsConfig.ENABLE_METRICS_PUSH_CONFIG, "false");
    // A commit flushes the producer, so lingering up to a commit costs no time and saves requests.
    p.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), commitMs);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), "131072");
    p.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), ENV.getOrDefault("COMPRESSION", "lz4"));
    // A transaction begun before the last one is marked complete is refused and tried again after this;
    // the default, 100 ms, makes one commit in ten take that long.
    p.put(StreamsConfig.producerPrefix(ProducerConfig.RETRY_BACKOFF_MS_CONFIG), "1");
    p.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), "1000");
    // A killed application is missed as soon as one of ours is.
    p.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), "6000");
    p.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG), "1000");
    p.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    // EXTRA="name=value,..." overrides any of the above, for trying settings.
    for (String extra : ENV.getOrDefault("EXTRA", "").split(",")) {
      if (!extra.isBlank()) {
        p.put(extra.substring(0, extra.indexOf('=')), extra.substring(extra.indexOf('=') + 1));
      }
    }
    return p;
  }
}
