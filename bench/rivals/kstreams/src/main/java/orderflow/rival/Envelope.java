package orderflow.rival;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;

/** The headers of an event, as shared/src/envelope.rs writes them: CloudEvents 1.0 and a trace. */
final class Envelope {
  private static final byte[] VERSION = "1.0".getBytes(UTF_8);
  private static final byte[] CONTENT_TYPE = "application/vnd.confluent.avro".getBytes(UTF_8);
  private static final UUID NAMESPACE = UUID.fromString("6f726465-7266-6c6f-775f-6576656e7473");
  private static final ThreadLocal<MessageDigest> SHA_1 = ThreadLocal.withInitial(Envelope::sha1);

  private final byte[] source;
  private final String step;

  Envelope(String step) {
    this.step = step;
    this.source = step.getBytes(UTF_8);
  }

  /** For an event that this step makes of the record with these headers. */
  Headers next(Headers of, String key, SpecificRecordBase event) {
    byte[] cause = of.lastHeader("ce_id").value();
    Headers headers = new RecordHeaders();
    headers.add("ce_specversion", VERSION);
    headers.add("ce_id", id(cause, event.getSchema().getName()).toString().getBytes(UTF_8));
    headers.add("ce_source", source);
    headers.add("ce_type", event.getSchema().getFullName().getBytes(UTF_8));
    headers.add("ce_time", Instant.now().toString().getBytes(UTF_8));
    headers.add("ce_subject", key.getBytes(UTF_8));
    headers.add("content-type", CONTENT_TYPE);
    headers.add(of.lastHeader("ce_correlationid"));
    headers.add("ce_causationid", cause);
    headers.add("traceparent", child(of.lastHeader("traceparent")));
    return headers;
  }

  /** UUID version 5 of the cause, the step, the record type, and which one of that type: always the first. */
  private UUID id(byte[] cause, String record) {
    MessageDigest sha1 = SHA_1.get();
    sha1.update(bytes(NAMESPACE));
    for (byte[] part : new byte[][] {cause, source, record.getBytes(UTF_8), {'0'}}) {
      sha1.update(part);
      sha1.update((byte) 0xff);
    }
    ByteBuffer hash = ByteBuffer.wrap(sha1.digest());
    long high = hash.getLong() & ~0xf000L | 0x5000L;
    long low = hash.getLong() & 0x3fff_ffff_ffff_ffffL | 0x8000_0000_0000_0000L;
    return new UUID(high, low);
  }

  /** The same trace, a span of its own. */
  private static byte[] child(Header parent) {
    byte[] trace = parent.value().clone();
    String span = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    System.arraycopy(span.getBytes(UTF_8), 0, trace, 36, 16);
    return trace;
  }

  private static byte[] bytes(UUID id) {
    long high = id.getMostSignificantBits();
    return ByteBuffer.allocate(16).putLong(high).putLong(id.getLeastSignificantBits()).array();
  }

  private static MessageDigest sha1() {
    try {
      return MessageDigest.getInstance("SHA-1");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public String toString() {
    return step;
  }
}
