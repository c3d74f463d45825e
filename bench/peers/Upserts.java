import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.RecordChangeEvent;
import io.debezium.engine.format.ChangeEventFormat;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * Debezium's embedded engine into one table by JDBC: a batch of the engine is one transaction of batched upserts and deletes. Its one argument
 * is a file of properties, the engine's own and `target.url`, `target.user`, `target.password`, `target.table` with the key `id`.
 */
public final class Upserts implements DebeziumEngine.ChangeConsumer<RecordChangeEvent<SourceRecord>> {
    private record Column(String name, int type, String typeName) {}

    private final boolean postgresql;
    private final Connection connection;
    private final List<Column> columns;
    private final PreparedStatement upsert;
    private final PreparedStatement delete;

    private Upserts(Properties given) throws SQLException {
        String url = given.getProperty("target.url");
        String table = given.getProperty("target.table");
        postgresql = url.startsWith("jdbc:postgresql:");
        connection = DriverManager.getConnection(url, given.getProperty("target.user"), given.getProperty("target.password"));
        connection.setAutoCommit(false);
        columns = columns(connection, table);
        upsert = connection.prepareStatement(upsert(table));
        delete = connection.prepareStatement("delete from " + table + " where id = ?");
    }

    public static void main(String[] arguments) throws Exception {
        Properties given = new Properties();
        try (Reader file = Files.newBufferedReader(Path.of(arguments[0]))) {
            given.load(file);
        }
        CountDownLatch ended = new CountDownLatch(1);
        AtomicBoolean failed = new AtomicBoolean();
        DebeziumEngine<RecordChangeEvent<SourceRecord>> engine = DebeziumEngine.create(ChangeEventFormat.of(Connect.class))
                .using(given)
                .using((success, message, error) -> {
                    failed.set(!success);
                    if (!success) {
                        System.err.println("failed: " + message);
                    }
                })
                .notifying(new Upserts(given))
                .build();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(engine, ended)));
        engine.run();
        ended.countDown();
        if (failed.get()) {
            System.exit(1);
        }
    }

    /** Let the batch in hand end and its offset be written. */
    private static void close(DebeziumEngine<?> engine, CountDownLatch ended) {
        if (ended.getCount() == 0) {
            return;
        }
        try {
            engine.close();
            ended.await();
        } catch (IOException | IllegalStateException | InterruptedException error) {
            System.err.println("closing: " + error);
        }
    }

    @Override
    public void handleBatch(List<RecordChangeEvent<SourceRecord>> batch, DebeziumEngine.RecordCommitter<RecordChangeEvent<SourceRecord>> committer)
            throws InterruptedException {
        try {
            write(last(batch));
        } catch (SQLException error) {
            throw new IllegalStateException(error);
        }
        RecordChangeEvent<SourceRecord> last = batch.get(batch.size() - 1); // its offset covers those before
        committer.markProcessed(last, offset(last.record(), committer.buildOffsets()));
        committer.markBatchFinished();
    }

    /**
     * The connector for MySQL does not see where MariaDB's transactions begin. Its offset is behind the last event's rows then and counts them
     * too, so that as many of the next event would be left out after a start: not so without the count, as long as events are of one batch.
     */
    private static DebeziumEngine.Offsets offset(SourceRecord record, DebeziumEngine.Offsets empty) {
        boolean counted = record.sourceOffset().containsKey("event");
        record.sourceOffset().forEach((name, value) -> {
            if (counted || !name.equals("row")) {
                empty.set(name, value);
            }
        });
        return empty;
    }

    /** What each key comes to, null where it is gone: one statement of many rows may name a row only once. */
    private static Map<Object, Struct> last(List<RecordChangeEvent<SourceRecord>> batch) {
        Map<Object, Struct> rows = new LinkedHashMap<>(batch.size() * 2);
        for (RecordChangeEvent<SourceRecord> event : batch) {
            SourceRecord record = event.record();
            if (record.key() instanceof Struct key && record.value() instanceof Struct value && value.schema().field("after") != null) {
                rows.put(key.get("id"), value.getStruct("after"));
            }
        }
        return rows;
    }

    private void write(Map<Object, Struct> rows) throws SQLException {
        List<Field> fields = List.of();
        Schema schema = null;
        int upserts = 0;
        int deletes = 0;
        for (Map.Entry<Object, Struct> row : rows.entrySet()) {
            Struct after = row.getValue();
            if (after == null) {
                delete.setObject(1, row.getKey());
                delete.addBatch();
                deletes++;
                continue;
            }
            if (after.schema() != schema) {
                schema = after.schema();
                fields = columns.stream().map(column -> after.schema().field(column.name())).toList();
            }
            bind(after, fields);
            upserts++;
        }
        if (deletes > 0) {
            delete.executeBatch();
        }
        if (upserts > 0) {
            upsert.executeBatch();
        }
        connection.commit();
    }

    private void bind(Struct after, List<Field> fields) throws SQLException {
        for (int at = 0; at < fields.size(); at++) {
            Field field = fields.get(at);
            Column column = columns.get(at);
            Object value = after.get(field);
            if (value == null) {
                upsert.setNull(at + 1, column.type());
            } else {
                upsert.setObject(at + 1, converted(value, field.schema().name(), column));
            }
        }
        upsert.addBatch();
    }

    private Object converted(Object value, String meaning, Column column) {
        if (meaning != null) {
            switch (meaning) {
                case "io.debezium.time.Date":
                    return LocalDate.ofEpochDay((Integer) value);
                case "io.debezium.time.Timestamp":
                    return moment(Instant.ofEpochMilli((Long) value));
                case "io.debezium.time.MicroTimestamp":
                    return moment(Instant.EPOCH.plus((Long) value, ChronoUnit.MICROS));
                default:
            }
        }
        if (value instanceof Number number && (column.type() == Types.BIT || column.type() == Types.BOOLEAN)) {
            return number.intValue() != 0;
        }
        return column.typeName().equals("uuid") ? UUID.fromString((String) value) : value;
    }

    /** MySQL's driver leaves fractions of a second out for a server that calls itself 5.5.5, as MariaDB does: not so of a text. */
    private Object moment(Instant instant) {
        LocalDateTime local = LocalDateTime.ofInstant(instant, ZoneOffset.UTC);
        return postgresql ? local : local.toString();
    }

    private static List<Column> columns(Connection connection, String table) throws SQLException {
        List<Column> found = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            ResultSetMetaData about = statement.executeQuery("select * from " + table + " where 1 = 0").getMetaData();
            for (int at = 1; at <= about.getColumnCount(); at++) {
                found.add(new Column(about.getColumnName(at), about.getColumnType(at), about.getColumnTypeName(at)));
            }
        }
        connection.commit();
        return found;
    }

    private String upsert(String table) {
        String names = columns.stream().map(Column::name).collect(Collectors.joining(", "));
        String marks = IntStream.range(0, columns.size()).mapToObj(at -> "?").collect(Collectors.joining(", "));
        String form = postgresql ? "%1$s = excluded.%1$s" : "%1$s = values(%1$s)";
        String sets = columns.stream()
                .map(Column::name)
                .filter(name -> !name.equals("id"))
                .map(form::formatted)
                .collect(Collectors.joining(", "));
        String clash = postgresql ? "on conflict (id) do update set" : "on duplicate key update";
        return "insert into %s (%s) values (%s) %s %s".formatted(table, names, marks, clash, sets);
    }
}
