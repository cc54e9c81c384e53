"""The order path as common tutorials write it: pipeline.py fraud-scoring | inventory | payment | shipping.

One record at a time: read, work, write, wait for the acknowledgement, commit. JSON everywhere, and the clients' own
settings. `bench rivals` starts the four, and serve.py beside them.
"""

import json
import math
import os
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import redis
import requests
from confluent_kafka import Consumer, KafkaException, Producer

PREFIX = os.environ["ORDERFLOW_PREFIX"]
VALIDITY_MICROS = 15 * 60 * 1_000_000

Event = dict
Work = Callable[[Event], Event]


def serve(name: str, reads: str, kind: str, writes: str, work: Work) -> None:
    """Answers every event of this kind on one topic with an event on another."""
    servers = {"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"]}
    group = {"group.id": PREFIX + name, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer, producer = Consumer(servers | group), Producer(servers)
    consumer.subscribe([PREFIX + reads])
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        event = json.loads(message.value())
        if event["type"] == kind:
            value = json.dumps(work(event))
            producer.produce(PREFIX + writes, key=message.key(), value=value, on_delivery=check)
            producer.flush()
        consumer.commit(message, asynchronous=False)


def check(error, _message) -> None:
    if error is not None:
        raise KafkaException(error)


def fraud_scoring() -> Work:
    """Asks the scorer. What it knows is the order alone: other features of the model are unknown."""
    url, features = os.environ["SCORER_URL"], os.environ["FEATURES"].split(",")
    refuse = float(os.environ["FRAUD_THRESHOLD"])
    session = requests.Session()

    def judge(placed: Event) -> Event:
        order = placed["order"]
        known = features_of(order)
        answer = session.post(url, json={"rows": [[known.get(name) for name in features]]}, timeout=30)
        answer.raise_for_status()
        score = answer.json()["scores"][0]
        kind = "OrderFraudDetected" if score > refuse else "OrderValidatedForFraud"
        return {"type": kind, "order": order, "score": score, "decided_at": now()}

    wait_for(session, url)
    return judge


def features_of(order: Event) -> dict[str, float]:
    lines = order["lines"]
    units = sum(line["quantity"] for line in lines)
    amounts = [line["quantity"] * line["unit_price"] for line in lines]
    placed = datetime.fromtimestamp(order["placed_at"] / 1e6, UTC)
    turn = (placed.hour * 3_600 + placed.minute * 60 + placed.second) / 86_400 * math.tau
    countries = {order["billing_country"], order["delivery_country"]}
    return {
        "amount_log": math.log1p(order["total"]),
        "account_age_log": math.log1p(order["account_age_days"]),
        "delivery_abroad": float(len(countries) > 1),
        "ip_elsewhere": float(order["ip_country"] not in countries) if order["ip_country"] else None,
        "hour_sine": math.sin(turn),
        "hour_cosine": math.cos(turn),
        "line_count": float(len(lines)),
        "units_log": math.log1p(units),
        "costliest_line_share": max(amounts) / sum(amounts),
        "mean_unit_price_log": math.log1p(sum(amounts) / units),
    }


def wait_for(session: requests.Session, url: str) -> None:
    """Returns once the scorer answers at all; it loads its model when it starts."""
    while True:
        try:
            session.get(url, timeout=30)
            return
        except requests.ConnectionError:
            time.sleep(0.1)


# All lines or none, and no order twice.
RESERVE = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 1 end
for i = 2, #KEYS do
  if tonumber(redis.call('GET', KEYS[i]) or 0) < tonumber(ARGV[i - 1]) then return 0 end
end
for i = 2, #KEYS do redis.call('DECRBY', KEYS[i], ARGV[i - 1]) end
redis.call('SET', KEYS[1], '1', 'EX', 3600)
return 1
"""


def inventory() -> Work:
    """Takes the goods out of Redis."""
    script = redis.Redis.from_url(os.environ["REDIS_URL"]).register_script(RESERVE)

    def reserve(validated: Event) -> Event:
        order = validated["order"]
        keys = [f"reservation:{order['order_id']}"] + [f"stock:{line['sku']}" for line in order["lines"]]
        if not script(keys=keys, args=[line["quantity"] for line in order["lines"]]):
            return {"type": "InventoryInsufficient", "order": order}
        at = now()
        return {"type": "InventoryReserved", "order": order, "reserved_at": at, "valid_until": at + VALIDITY_MICROS}

    return reserve


def payment() -> Work:
    """Charges everybody at once, in this process."""

    def charge(reserved: Event) -> Event:
        order = reserved["order"]
        return {
            "type": "PaymentProcessed",
            "order": order,
            "intent_id": f"pi_{order['order_id']}",
            "amount": order["total"],
            "currency": order["currency"],
            "processed_at": now(),
        }

    return charge


def shipping() -> Work:
    """Gives every order its tracking number."""

    def ship(paid: Event) -> Event:
        order = paid["order"]
        return {
            "type": "ShippingLabelGenerated",
            "order": order,
            "label_id": f"lbl_{order['order_id']}",
            "tracking_number": tracking_number(order["order_id"]),
            "carrier": "in-process",
            "service_level": "standard",
            "generated_at": now(),
        }

    return ship


def tracking_number(order_id: str) -> str:
    """UPU S10: eight digits and their check digit."""
    digits = f"{(uuid.UUID(order_id).int & (1 << 64) - 1) % 100_000_000:08d}"
    check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7))) % 11
    check = {10: 0, 11: 5}.get(check, check)
    return f"CE{digits}{check}DE"


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1_000


# Which topic and kind of event each hop reads, which topic it writes, and what it does.
HOPS = {
    "fraud-scoring": ("orders", "OrderPlaced", "fraud", fraud_scoring),
    "inventory": ("fraud", "OrderValidatedForFraud", "inventory", inventory),
    "payment": ("inventory", "InventoryReserved", "payments", payment),
    "shipping": ("payments", "PaymentProcessed", "shipping", shipping),
}

if __name__ == "__main__":
    stage = sys.argv[1]
    topic, kind, answers, prepare = HOPS[stage]
    serve(stage, topic, kind, answers, prepare())
