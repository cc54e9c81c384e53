"""The model card (Mitchell and others, Model Cards for Model Reporting, 2019): what a person should know before trusting
the model."""

from .table import DELAYED

METHODS = {
    "model": "this model",
    "rules": "the service's rules",
    "tuned_rule": "amount above {limit:,.0f} and countries that differ (tuned)",
    "seeds_rule": "amount above 5,000 and foreign delivery",
}
SCENARIOS = {
    "overspend": "in the customer's session, far above what the customer ever spends",
    "leaked_cards": "cards of a leak, used with care; reported after 20 to 45 days",
    "stolen_card": "a stranger with the card, as a guest or under a young account",
    "card_testing": "small charges that try out cards, then large ones",
    "account_takeover": "a stranger in the customer's account",
    "new_account_ring": "several new accounts behind one device",
}


def text(manifest: dict) -> str:
    """The card as Markdown."""
    training = manifest["training"]
    parts = [
        heading(manifest),
        data(training),
        quality(training["metrics"]),
        decisions(manifest["thresholds"], training),
        LIMITS,
    ]
    return "\n".join(parts)


def row(cells: list[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def rows(header: list[str], lines: list[list[object]]) -> str:
    return "\n".join([row(header), row(["---"] * len(header)), *(row(line) for line in lines)]) + "\n"


def heading(manifest: dict) -> str:
    training, names = manifest["training"], manifest["features"]["names"]
    return f"""# Model card: {manifest["name"]} {manifest["version"]}
Says how likely an order is fraud, from {len(names)} features of the order and its customer's history (definition \
{manifest["features"]["definition"]}). Written by the training; do not edit.

| | |
| --- | --- |
| kind | gradient boosted trees (LightGBM), at most 6 deep; calibrated |
| size | {training["trees"]} trees, {training["nodes"]:,} nodes |
| made | {manifest["created_at"]}, seed {training["seed"]} |
| file | `{manifest["file"]}`, SHA-256 `{manifest["sha256"]}` |
| meant for | deciding on orders of this pipeline: accept, hold for a person, refuse |
| not meant for | any judgement about a person outside an order |
"""


def data(training: dict) -> str:
    settings, calibration = training["settings"], training["calibration"]
    lines = [
        [name.replace("_", " "), "{} to {}".format(*window["days"])]
        + [f"{window[key]:,}" for key in ("orders", "fraud", "known_fraud")]
        for name, window in training["windows"].items()
    ]
    table = rows(["window", "days", "orders", "fraud", "of it known at training"], lines)
    return f"""## Data
Simulated: {settings["customers"]:,} customers with an account and guests, {settings["days"]} days, seed \
{settings["seed"]}. No data of real persons.

{table}
Days are counted from 0, the last is excluded. The model is trained at the beginning of the test, on what is known by then. \
Late and missing reports make some fraud look honest: on the calibration's evidence {calibration["known_share"]:.0%} of \
the fraud it can see was known.
"""


def quality(metrics: dict) -> str:
    lines = []
    for name, method in metrics["methods"].items():
        label = METHODS[name].format(limit=metrics["tuned_limit"] / 100)
        for scope, words in (("without_delayed", "without"), ("with_delayed", "with")):
            numbers = method[scope]
            keys = ("auc", "average_precision", "precision", "recall", "calibration_error")
            lines.append([label, words] + [f"{numbers[key]:.3f}" for key in keys])
    methods = rows(
        ["method", "leaked cards", "AUC", "average precision", "precision", "recall", "calibration error"], lines
    )
    model, rules = metrics["methods"]["model"]["scenarios"], metrics["methods"]["rules"]["scenarios"]
    scenarios = rows(
        ["scenario", "what happens", "orders", "refused", "refused or held", "by the rules"],
        [
            [name, SCENARIOS.get(name, ""), numbers["orders"]]
            + [f"{share:.0%}" for share in (numbers["refused"], numbers["stopped"], rules[name]["stopped"])]
            for name, numbers in model.items()
        ],
    )
    return f"""## How good
On {metrics["orders"]:,} orders of the test window, {metrics["fraud"]:,} of them fraud, against the truth. Precision and \
recall are of refusals. The calibration error is over scores of 0.1 and more. "Without" leaves out the fraud of leaked \
cards (`{DELAYED}`), whose labels come after the training.

{methods}
{scenarios}"""


def decisions(thresholds: dict, training: dict) -> str:
    costs, metrics = training["costs"], training["metrics"]
    held = metrics["methods"]["model"]["held_share"]
    return f"""## Decisions
A score above **{thresholds["refuse"]}** refuses, any other from **{thresholds["hold"]}** on is held for a person \
({held:.2%} of the orders of the test). Both come from what mistakes cost, in one unit: fraud that is accepted \
{costs["fraud_accepted"]}, a good customer refused {costs["customer_refused"]}, a review {costs["review"]}. The first is \
raised where less than 95 % of the refused orders of the validation are fraud.
"""


LIMITS = """## Limits
- **These are properties of the simulator, not of the real world.** Thieves here follow six plans; real ones read model \
cards. Expect less on real orders, and train on your own.
- Fraud that keeps to a customer's habits is not seen: nothing about the order tells it from an honest one. Only reports \
about the same card or device help, and they come late.
- Scores are probabilities at the simulator's share of fraud, about one order in a hundred. Where it differs, so do they.
- Features are counted per customer, card, device, address and network address. Somebody who deletes all of them looks new.
- Households, pick-up points, mobile carriers and presents make honest orders look shared. They are in the data; other \
habits may not be.
- Age, sex, origin and the like are no features. Countries count only in whether they differ.
"""
