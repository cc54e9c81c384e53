"""Takes orders in: POST /orders answers 202 once Kafka has the order on TOPIC; BOOTSTRAP says where Kafka is."""

import asyncio
import os
import threading
import uuid
from contextlib import asynccontextmanager

from confluent_kafka import KafkaException, Producer
from fastapi import FastAPI
from pydantic import BaseModel


class Customer(BaseModel):
    id: str | None = None
    name: str
    email: str
    account_age_days: int = 0


class Address(BaseModel):
    line1: str
    line2: str | None = None
    city: str
    postal_code: str
    region: str | None = None
    country: str


class Line(BaseModel):
    sku: str
    quantity: int


class PlaceOrder(BaseModel):
    customer: Customer
    delivery_address: Address
    billing_country: str | None = None
    lines: list[Line]
    currency: str
    payment_token: str
    device_id: str | None = None
    priority: str = "standard"


topic = os.environ["TOPIC"]
producer = Producer(
    {"bootstrap.servers": os.environ["BOOTSTRAP"], "acks": "all", "enable.idempotence": True}
)


def poll():
    while True:
        producer.poll(0.1)


@asynccontextmanager
async def lifespan(_: FastAPI):
    threading.Thread(target=poll, daemon=True).start()
    yield


app = FastAPI(lifespan=lifespan)


@app.post("/orders", status_code=202)
async def place_order(order: PlaceOrder) -> dict[str, str]:
    order_id = str(uuid.uuid4())
    loop = asyncio.get_running_loop()
    acknowledged = loop.create_future()

    def on_delivery(error, _):
        if error:
            loop.call_soon_threadsafe(acknowledged.set_exception, KafkaException(error))
        else:
            loop.call_soon_threadsafe(acknowledged.set_result, None)

    producer.produce(topic, key=order_id, value=order.model_dump_json(), on_delivery=on_delivery)
    await acknowledged
    return {"order_id": order_id, "status": "accepted"}
