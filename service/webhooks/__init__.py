"""Telling other systems what happened: the outbox of `kit`, delivered to the addresses they gave.

A delivering thread relays announcements into deliveries, one for each webhook that wants the kind,
and sends those of a webhook in their order, signed by the Standard Webhooks scheme. Nothing is sent
inside a request. What is to be sent stands in the database, so that a killed process loses nothing;
the same delivery may come twice, with the same id.
"""
