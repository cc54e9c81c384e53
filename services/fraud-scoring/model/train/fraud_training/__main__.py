"""The commands `orderflow` runs. The result goes to standard output as JSON, progress to standard error."""

import argparse
import json
import os
import pathlib
import sys
import warnings

# Before ONNX Runtime is loaded: later versions call home unless told not to.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from . import evaluate, train, transactions  # noqa: E402


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fraud_training")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("train", "evaluate", "transactions"):
        command = commands.add_parser(name)
        command.add_argument("--table", type=pathlib.Path, required=True, help="folder of the table")
        command.add_argument("--seed", type=int, required=True, help="of the trees and of the golden rows")
    training = commands.choices["train"]
    training.add_argument("--out", type=pathlib.Path, required=True, help="folder for the model")
    training.add_argument("--model-version", required=True)
    training.add_argument("--created-at", required=True, help="RFC 3339; stands in the manifest")
    evaluation = commands.choices["evaluate"]
    evaluation.add_argument("--model", type=pathlib.Path, help="folder of a model, instead of training one")
    return parser.parse_args()


def main() -> None:
    # Advice for whoever writes code; nobody who runs it can act on it.
    warnings.filterwarnings("ignore", category=FutureWarning)
    given = arguments()
    if given.command == "train":
        result = train.run(given.table, given.seed, given.out, given.model_version, given.created_at)
    elif given.command == "transactions":
        result = transactions.run(given.table, given.seed)
    else:
        result = evaluate.run(given.table, given.seed, given.model)
    json.dump(result, sys.stdout)


main()
