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

SIMULATED = (
    "Simulated: {customers:,} customers with an account and guests, {days} days, seed {seed}. No data of real persons."
)
SIMULATED_DAYS = (
    "Days are counted from 0, the last is excluded. The model is trained at the beginning of the test, on what is known "
    "by then."
)
RECORDED_TIMES = "The end of each window is excluded. The model is trained on all that was known at the time above."
DELAYED_NOTE = f""" "Without" leaves out the fraud of leaked cards (`{DELAYED}`), whose labels come after the training."""
LEFT_OUT = {
    "too_young": "younger than that, labelled or not: of their day not every label is there",
    "refused": "refused, and not labelled: nobody reports what was never sold",
    "not_charged": "never charged, and not labelled",
    "not_in_range": "placed outside the range that was asked for",
}


def text(manifest: dict) -> str:
    """The card as Markdown."""
    training = manifest["training"]
    parts = [
        heading(manifest),
        data(training),
        quality(training["metrics"], training["data"]),
        decisions(manifest["thresholds"], training),
        LIMITS[training["data"]] + COMMON_LIMITS,
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
    calibration, simulated = training["calibration"], training["data"] == "simulated"
    lines = [
        [name.replace("_", " "), "{} to {}".format(*span(window))]
        + [f"{window[key]:,}" for key in ("orders", "fraud", "known_fraud")]
        for name, window in training["windows"].items()
        if simulated or window["orders"]
    ]
    table = rows(["window", "days" if simulated else "when", "orders", "fraud", "of it known at training"], lines)
    begins = SIMULATED.format(**training["settings"]) if simulated else recorded(training["source"])
    ends = SIMULATED_DAYS if simulated else RECORDED_TIMES
    return f"""## Data
{begins}

{table}
{ends} \
Late and missing reports make some fraud look honest: on the calibration's evidence {calibration["known_share"]:.0%} of \
the fraud it can see was known.
"""


def span(window: dict) -> list:
    return window["days"] if "days" in window else [window["from"], window["until"]]


def recorded(source: dict) -> str:
    """Which orders of the topics, by which labels."""
    labels = "; ".join(
        f"by {name} {said['fraud']:,} fraud and {said['honest']:,} honest" for name, said in source["labels"].items()
    )
    left_out = "".join(f"\n- {count:,} {LEFT_OUT.get(why, why)}" for why, count in source["left_out"].items() if count)
    return f"""Orders of this shop, from its topics: {source["orders"]:,} of {source["decisions"]:,} that were decided, as \
they were known at {source["as_of"]}. Labels: {labels}. An order without one counts as honest when it was charged and is \
older than {source["maturity_days"]:g} days. The features are those that decided; of {source["made_again"]:,} orders they \
were made again, by this definition.
{"" if not left_out else "Left out:" + left_out}"""


def quality(metrics: dict, origin: str) -> str:
    lines = []
    scopes = {"without_delayed": "without", "with_delayed": "with"}
    simulated = origin == "simulated"
    for name, method in metrics["methods"].items():
        label = METHODS[name].format(limit=metrics["tuned_limit"] / 100)
        for scope, words in scopes.items():
            if scope not in method:
                continue
            numbers = method[scope]
            keys = ("auc", "average_precision", "precision", "recall", "calibration_error")
            lines.append([label] + [words] * simulated + [f"{numbers[key]:.3f}" for key in keys])
    header = ["method", "leaked cards", "AUC", "average precision", "precision", "recall", "calibration error"]
    methods = rows([name for name in header if simulated or name != "leaked cards"], lines)
    truth, more = ("the truth", DELAYED_NOTE) if simulated else ("what labels say", "")
    return f"""## How good
On {metrics["orders"]:,} orders of the test window, {metrics["fraud"]:,} of them fraud, against {truth}. Precision and \
recall are of refusals. The calibration error is over scores of 0.1 and more.{more}

{methods}
{scenarios(metrics)}"""


def scenarios(metrics: dict) -> str:
    """What became of each scenario; nothing where nobody knows them."""
    model, rules = (metrics["methods"][name].get("scenarios") for name in ("model", "rules"))
    if not model:
        return ""
    return rows(
        ["scenario", "what happens", "orders", "refused", "refused or held", "by the rules"],
        [
            [name, SCENARIOS.get(name, ""), numbers["orders"]]
            + [f"{share:.0%}" for share in (numbers["refused"], numbers["stopped"], rules[name]["stopped"])]
            for name, numbers in model.items()
        ],
    )


def decisions(thresholds: dict, training: dict) -> str:
    costs, metrics = training["costs"], training["metrics"]
    held = metrics["methods"]["model"]["held_share"]
    return f"""## Decisions
A score above **{thresholds["refuse"]}** refuses, any other from **{thresholds["hold"]}** on is held for a person \
({held:.2%} of the orders of the test). Both come from what mistakes cost, in one unit: fraud that is accepted \
{costs["fraud_accepted"]}, a good customer refused {costs["customer_refused"]}, a review {costs["review"]}. The first is \
raised where less than 95 % of the refused orders of the validation are fraud.
"""


LIMITS = {
    "simulated": """## Limits
- **These are properties of the simulator, not of the real world.** Thieves here follow six plans; real ones read model \
cards. Expect less on real orders, and train on your own.
- Fraud that keeps to a customer's habits is not seen: nothing about the order tells it from an honest one. Only reports \
about the same card or device help, and they come late.
- Scores are probabilities at the simulator's share of fraud, about one order in a hundred. Where it differs, so do they.
""",
    "topics": """## Limits
- **Labels are what was reported, not the truth.** Fraud that nobody reports counts as honest, in training and above.
- Of orders that were refused or never charged no bank reports anything: they count only where somebody has labelled \
them. What the earlier model stopped is seldom here, and this one knows less of it.
- Scores are probabilities at the share of fraud among these orders. Where it differs, so do they.
- All windows lie next to each other, and labels of all of them were known at the training.
""",
}
COMMON_LIMITS = """- Features are counted per customer, card, device, address and network address. Somebody who deletes all of them looks new.
- Households, pick-up points, mobile carriers and presents make honest orders look shared. They are in the data; other \
habits may not be.
- Age, sex, origin and the like are no features. Countries count only in whether they differ.
"""
