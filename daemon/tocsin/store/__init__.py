"""The database: tables, transactions and migrations, for all data that outlives the process.

`tocsin.store.values` has what its steps take and return, `tocsin.store.views` what is read, beside those of the model.
"""

from tocsin.store.inbound.decisions import Decide
from tocsin.store.outbox.handover import Fallbacks
from tocsin.store.shared import CHECKED_WITHIN
from tocsin.store.store import Store

__all__ = ["CHECKED_WITHIN", "Decide", "Fallbacks", "Store"]
