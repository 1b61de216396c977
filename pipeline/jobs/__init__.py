"""The durable side: queue, records, tables. The sole home of dbos and of the database."""
