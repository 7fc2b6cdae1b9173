"""The history of the tables, run by `tocsin.store.db.schema`."""
