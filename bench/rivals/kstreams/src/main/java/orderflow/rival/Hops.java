package orderflow.rival;

import java.time.Duration;
import java.util.UUID;
import orderflow.FraudDecision;
import orderflow.Order;
import orderflow.fraud.OrderFraudDetected;
import orderflow.fraud.OrderValidatedForFraud;
import orderflow.inventory.InventoryReserved;
import orderflow.inventory.InventoryShipped;
import orderflow.orders.OrderPlaced;
import orderflow.payments.PaymentProcessed;
import orderflow.shipping.ShippingLabelGenerated;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/** The work of each hop. */
final class Hops {
  private static final Duration WINDOW = Duration.ofSeconds(60);
  private static final long VALIDITY_MICROS = Duration.ofMinutes(15).toNanos() / 1_000;

  private Hops() {}

  static StoreBuilder<?> velocityStore() {
    Duration retention = WINDOW.multipliedBy(3);
    var supplier = Stores.persistentWindowStore(Hop.STORE, retention, WINDOW, false);
    return Stores.windowStoreBuilder(supplier, Serdes.String(), Serdes.Integer());
  }

  static StoreBuilder<?> storeByOrder(Serde<?> value) {
    return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(Hop.STORE), Serdes.String(), value);
  }

  /** Judges an order by rules and by how many its customer placed this minute. */
  static final class OnOrderPlaced extends Hop<OrderPlaced> {
    private WindowStore<String, Integer> velocity;

    OnOrderPlaced() {
      super(OrderPlaced.class, "fraud-scoring.on_order_placed");
    }

    @Override
    public void init(FixedKeyProcessorContext<String, SpecificRecordBase> context) {
      super.init(context);
      velocity = context.getStateStore(STORE);
    }

    @Override
    SpecificRecordBase on(OrderPlaced placed) {
      Order order = placed.getOrder();
      FraudDecision decision = Rules.judge(order, count(order.getCustomerId(), order.getPlacedAt() / 1_000));
      return Rules.refuses(decision)
          ? new OrderFraudDetected(order, decision)
          : new OrderValidatedForFraud(order, decision);
    }

    /** This window's count, and of the last window's the part that is less than 60 s old. */
    private int count(String customer, long time) {
      long size = WINDOW.toMillis();
      long start = time - time % size;
      int current = orZero(velocity.fetch(customer, start)) + 1;
      int previous = orZero(velocity.fetch(customer, start - size));
      velocity.put(customer, current, start);
      return current + (int) (previous * (start + size - time) / size);
    }

    private static int orZero(Integer count) {
      return count == null ? 0 : count;
    }
  }

  /** A hop that remembers each order. */
  private abstract static class Remembering<I extends SpecificRecordBase, V> extends Hop<I> {
    KeyValueStore<String, V> store;

    Remembering(Class<I> type, String step) {
      super(type, step);
    }

    @Override
    public void init(FixedKeyProcessorContext<String, SpecificRecordBase> context) {
      super.init(context);
      store = context.getStateStore(STORE);
    }
  }

  /** Records one reservation an order. */
  static final class OnOrderValidated extends Remembering<OrderValidatedForFraud, Reservation> {
    OnOrderValidated() {
      super(OrderValidatedForFraud.class, "inventory.on_order_validated");
    }

    @Override
    SpecificRecordBase on(OrderValidatedForFraud validated) {
      Order order = validated.getOrder();
      long now = nowMicros();
      var reservation = new Reservation(order.getLines(), now, false);
      if (store.putIfAbsent(order.getOrderId(), reservation) != null) {
        return null;
      }
      return new InventoryReserved(order, now, now + VALIDITY_MICROS);
    }
  }

  /** Ends the reservation of what has its label. */
  static final class OnShippingLabelGenerated extends Remembering<ShippingLabelGenerated, Reservation> {
    OnShippingLabelGenerated() {
      super(ShippingLabelGenerated.class, "inventory.on_shipping_label_generated");
    }

    @Override
    SpecificRecordBase on(ShippingLabelGenerated label) {
      Order order = label.getOrder();
      Reservation reservation = store.get(order.getOrderId());
      if (reservation == null || reservation.getShipped()) {
        return null;
      }
      reservation.setShipped(true);
      store.put(order.getOrderId(), reservation);
      return new InventoryShipped(order, nowMicros());
    }
  }

  /** Takes each order's payment once. */
  static final class OnInventoryReserved extends Remembering<InventoryReserved, String> {
    OnInventoryReserved() {
      super(InventoryReserved.class, "payment.on_inventory_reserved");
    }

    @Override
    SpecificRecordBase on(InventoryReserved reserved) {
      Order order = reserved.getOrder();
      String intent = "pi_" + order.getOrderId();
      if (store.putIfAbsent(order.getOrderId(), intent) != null) {
        return null;
      }
      return new PaymentProcessed(order, intent, order.getTotal(), order.getCurrency(), nowMicros());
    }
  }

  /** Gives an order its tracking number, which depends on the order alone: a repeat needs no memory. */
  static final class OnPaymentProcessed extends Hop<PaymentProcessed> {
    private static final int[] WEIGHTS = {8, 6, 4, 2, 3, 5, 9, 7};

    OnPaymentProcessed() {
      super(PaymentProcessed.class, "shipping.on_payment_processed");
    }

    @Override
    SpecificRecordBase on(PaymentProcessed paid) {
      Order order = paid.getOrder();
      String level = order.getPriority().equals("express") ? "express" : "standard";
      String label = "lbl_" + order.getOrderId();
      return new ShippingLabelGenerated(
          order, label, trackingNumber(order.getOrderId()), "in-process", level, nowMicros());
    }

    /** UPU S10: eight digits and their check digit. */
    private static String trackingNumber(String orderId) {
      String digits = "%08d".formatted(UUID.fromString(orderId).getLeastSignificantBits() % 100_000_000);
      int sum = 0;
      for (int i = 0; i < WEIGHTS.length; i++) {
        sum += (digits.charAt(i) - '0') * WEIGHTS[i];
      }
      int check = 11 - sum % 11;
      return "CE" + digits + (check == 10 ? 0 : check == 11 ? 5 : check) + "DE";
    }
  }
}
