"""Scores over HTTP: POST /score {"rows": [[…]]} answers {"scores": […]}; MODEL is the file that train.py wrote."""

import os

import joblib
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
model = joblib.load(os.environ["MODEL"])


class Rows(BaseModel):
    rows: list[list[float | None]]


@app.post("/score")
def score(asked: Rows) -> dict[str, list[float]]:
    rows = np.array(asked.rows, dtype=np.float32)
    return {"scores": model.predict_proba(rows)[:, 1].tolist()}
