"""A message's fate: done, deferred, or dead in the poison queue, from where it can be replayed."""

from lineage.delivery.history import Received
from lineage.delivery.poison import DeadMessage, PoisonQueue, poison_queue
from lineage.delivery.settle import Delivery

__all__ = ["DeadMessage", "Delivery", "PoisonQueue", "Received", "poison_queue"]
