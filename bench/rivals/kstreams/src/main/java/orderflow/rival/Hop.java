package orderflow.rival;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;

/** Turns an event of one type into the next one, or into none. Events of other types are passed over. */
abstract class Hop<I extends SpecificRecordBase>
    extends ContextualFixedKeyProcessor<String, SpecificRecordBase, SpecificRecordBase> {
  static final String STORE = "store";

  private final Class<I> type;
  private final Envelope envelope;

  Hop(Class<I> type, String step) {
    this.type = type;
    this.envelope = new Envelope(step);
  }

  abstract SpecificRecordBase on(I event);

  @Override
  public void process(FixedKeyRecord<String, SpecificRecordBase> record) {
    if (!type.isInstance(record.value())) {
      return;
    }
    SpecificRecordBase next = on(type.cast(record.value()));
    if (next != null) {
      var headers = envelope.next(record.headers(), record.key(), next);
      context().forward(record.withValue(next).withHeaders(headers));
    }
  }

  static long nowMicros() {
    return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
  }
}
