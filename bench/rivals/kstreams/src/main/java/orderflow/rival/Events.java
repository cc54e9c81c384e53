package orderflow.rival;

import java.util.HashMap;
import java.util.Map;
import orderflow.fraud.OrderFraudDetected;
import orderflow.fraud.OrderValidatedForFraud;
import orderflow.inventory.InventoryReserved;
import orderflow.inventory.InventoryShipped;
import orderflow.orders.OrderPlaced;
import orderflow.payments.PaymentProcessed;
import orderflow.shipping.ShippingLabelGenerated;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.common.serialization.Serde;

/** Topics as the environment names them, and the record types under the ids of the registry. */
final class Events {
  private static final String PREFIX = System.getenv().getOrDefault("ORDERFLOW_PREFIX", "");

  static final String ORDERS = PREFIX + "orders";
  static final String FRAUD = PREFIX + "fraud";
  static final String INVENTORY = PREFIX + "inventory";
  static final String PAYMENTS = PREFIX + "payments";
  static final String SHIPPING = PREFIX + "shipping";

  private static final Schema[] SCHEMAS = {
    OrderPlaced.getClassSchema(),
    OrderFraudDetected.getClassSchema(),
    OrderValidatedForFraud.getClassSchema(),
    InventoryReserved.getClassSchema(),
    InventoryShipped.getClassSchema(),
    PaymentProcessed.getClassSchema(),
    ShippingLabelGenerated.getClassSchema(),
  };

  private Events() {}

  /** What an application reads and writes. A record of any other type is read as null. */
  static Serde<SpecificRecordBase> serde(Class<?>... types) {
    return new AvroSerde<>(wanted(types));
  }

  static Serde<Reservation> reservations() {
    return new AvroSerde<>(Map.of(0, Reservation.getClassSchema()));
  }

  static String applicationId(String app) {
    return PREFIX + app;
  }

  private static Map<Integer, Schema> wanted(Class<?>... types) {
    Map<String, Integer> ids = ids();
    Map<Integer, Schema> wanted = new HashMap<>();
    for (Schema schema : SCHEMAS) {
      for (Class<?> type : types) {
        if (type.getName().equals(schema.getFullName())) {
          wanted.put(ids.get(schema.getFullName()), schema);
        }
      }
    }
    return wanted;
  }

  /** SCHEMA_IDS=full.name=id,... */
  private static Map<String, Integer> ids() {
    Map<String, Integer> ids = new HashMap<>();
    for (String pair : System.getenv("SCHEMA_IDS").split(",")) {
      int at = pair.lastIndexOf('=');
      ids.put(pair.substring(0, at), Integer.parseInt(pair.substring(at + 1)));
    }
    return ids;
  }
}
