import com.mysql.cj.MysqlConnection;
import com.mysql.cj.Query;
import com.mysql.cj.interceptors.QueryInterceptor;
import com.mysql.cj.jdbc.Driver;
import com.mysql.cj.log.Log;
import com.mysql.cj.protocol.Resultset;
import com.mysql.cj.protocol.ServerSession;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Properties;
import java.util.function.Supplier;

/**
 * MySQL's driver, which asks MariaDB in MariaDB's words where its log stands. Debezium's connector for MySQL takes MariaDB 10 for a MySQL past
 * 8.4 and insists on `show binary log status`. Its connector for MariaDB, which reads the log by the same code, is in no package that pip has.
 */
public final class MariaDriver extends Driver {
    public MariaDriver() throws SQLException {}

    @Override
    public Connection connect(String url, Properties given) throws SQLException {
        Properties properties = new Properties();
        properties.putAll(given);
        properties.setProperty("queryInterceptors", Words.class.getName());
        return super.connect(url, properties);
    }

    public static final class Words implements QueryInterceptor {
        private Connection connection;

        @Override
        public QueryInterceptor init(MysqlConnection given, Properties properties, Log log) {
            connection = (Connection) given;
            return this;
        }

        @Override
        @SuppressWarnings("unchecked") // what the driver's statements return is one
        public <T extends Resultset> T preProcess(Supplier<String> sql, Query query) {
            if (!"show binary log status".equalsIgnoreCase(sql.get())) {
                return null;
            }
            try {
                return (T) connection.createStatement().executeQuery("show master status");
            } catch (SQLException error) {
                throw new IllegalStateException(error);
            }
        }

        @Override
        public <T extends Resultset> T postProcess(Supplier<String> sql, Query query, T result, ServerSession session) {
            return null;
        }

        @Override
        public boolean executeTopLevelOnly() {
            return true;
        }

        @Override
        public void destroy() {}
    }
}
