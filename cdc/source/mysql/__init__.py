"""The MySQL and MariaDB binary log to transactions."""
