package orderflow.rival;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/** Avro in the Confluent wire format: a zero byte, a four-byte schema id, then the binary body. */
final class AvroSerde<T extends SpecificRecordBase> implements Serde<T> {
  private static final int HEADER = 5;

  private final Map<Integer, Schema> schemas;
  private final ThreadLocal<Codec> codec = ThreadLocal.withInitial(Codec::new);

  AvroSerde(Map<Integer, Schema> schemas) {
    this.schemas = schemas;
  }

  @Override
  public Serializer<T> serializer() {
    return (topic, value) -> value == null ? null : codec.get().encode(value);
  }

  @Override
  public Deserializer<T> deserializer() {
    return (topic, bytes) -> bytes == null ? null : codec.get().decode(bytes);
  }

  /** Readers, writers and buffers are used again; each thread has its own. */
  private final class Codec {
    private final Map<Integer, SpecificDatumReader<T>> readers = new HashMap<>();
    private final Map<String, SpecificDatumWriter<T>> writers = new HashMap<>();
    private final Map<String, Integer> ids = new HashMap<>();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream(1024);
    private BinaryDecoder decoder;
    private BinaryEncoder encoder;

    Codec() {
      schemas.forEach((id, schema) -> {
        SpecificData model = SpecificData.getForSchema(schema);
        readers.put(id, new SpecificDatumReader<>(schema, schema, model));
        writers.put(schema.getFullName(), new SpecificDatumWriter<>(schema, model));
        ids.put(schema.getFullName(), id);
      });
    }

    byte[] encode(T value) {
      try {
        String name = value.getSchema().getFullName();
        int id = ids.get(name);
        out.reset();
        out.write(0);
        out.write(id >>> 24);
        out.write(id >>> 16);
        out.write(id >>> 8);
        out.write(id);
        encoder = EncoderFactory.get().binaryEncoder(out, encoder);
        writers.get(name).write(value, encoder);
        encoder.flush();
        return out.toByteArray();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    T decode(byte[] bytes) {
      try {
        var reader = readers.get(ByteBuffer.wrap(bytes).getInt(1));
        if (reader == null) {
          return null;
        }
        decoder = DecoderFactory.get().binaryDecoder(bytes, HEADER, bytes.length - HEADER, decoder);
        return reader.read(null, decoder);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
