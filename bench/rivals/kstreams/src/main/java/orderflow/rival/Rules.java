package orderflow.rival;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import orderflow.FraudDecision;
import orderflow.Line;
import orderflow.Order;
import orderflow.Reason;

/** Rules as fraud-scoring has them, those that need no more than an order and its customer's last minute. */
final class Rules {
  private static final double HIGH_AMOUNT = 100_000;
  private static final int VERY_YOUNG_DAYS = 2;
  private static final double[][] VELOCITY = {{3, 0.15}, {4, 0.40}, {5, 0.70}, {6, 0.88}};
  private static final double[][] AMOUNT = {{1, 0.15}, {5, 0.25}};
  private static final double[][] YES = {{1, 1}};

  /** As many as an event of fraud-scoring carries. */
  private static final int FEATURES = 43;

  private static final double REFUSE = threshold("FRAUD_THRESHOLD", 0.85);
  private static final double HOLD = threshold("HOLD_THRESHOLD", 0.30);

  private Rules() {}

  static FraudDecision judge(Order order, int velocity) {
    List<Reason> hits = new ArrayList<>();
    double times = order.getTotal() / HIGH_AMOUNT;
    boolean high = times >= 1;
    boolean young = order.getAccountAgeDays() <= VERY_YOUNG_DAYS;
    boolean abroad = !order.getBillingCountry().equals(order.getDeliveryCountry());
    String ip = order.getIpCountry();
    boolean elsewhere = ip != null && !ip.equals(order.getBillingCountry()) && !ip.equals(order.getDeliveryCountry());
    weigh(hits, "velocity_60s", velocity + " orders of this customer within 60 s", velocity, VELOCITY, 1);
    weigh(hits, "amount_high", "the amount is above the limit for a high one", times, AMOUNT, 1);
    weigh(hits, "country_delivery", "billing and delivery are in different countries", one(abroad && !elsewhere), YES, 0.08);
    weigh(hits, "country_ip", "the order came from another country", one(elsewhere && !abroad), YES, 0.12);
    weigh(hits, "countries_all_differ", "three different countries", one(abroad && elsewhere), YES, 0.35);
    weigh(hits, "young_account_high_amount", "a high amount from a very young account", one(young && high), YES, 0.35);
    double score = add(hits);
    return FraudDecision.newBuilder()
        .setScore(score)
        .setThreshold(REFUSE)
        .setHoldThreshold(HOLD)
        .setReasons(hits)
        .setScorer("rules")
        .setScorerVersion("1")
        .setDecidedAt(Hop.nowMicros())
        .setFeatures(features(order, velocity))
        .setFeaturesDefinition(1)
        .setEngine("rules")
        .build();
  }

  static boolean refuses(FraudDecision decision) {
    return decision.getScore() > decision.getThreshold();
  }

  private static void weigh(
      List<Reason> hits, String code, String text, double measured, double[][] ladder, double factor) {
    double weight = 0;
    for (double[] rung : ladder) {
      weight = measured >= rung[0] ? rung[1] * factor : weight;
    }
    if (weight > 0) {
      hits.add(new Reason(code, text, weight));
    }
  }

  /** The probability that at least one of independent reasons is right; each weight becomes what it added. */
  private static double add(List<Reason> hits) {
    hits.sort(Comparator.comparingDouble(Reason::getWeight).reversed());
    double innocent = 1;
    for (Reason reason : hits) {
      double weight = reason.getWeight();
      reason.setWeight(innocent * weight);
      innocent *= 1 - weight;
    }
    return 1 - innocent;
  }

  private static List<Float> features(Order order, int velocity) {
    int units = 0;
    long dearest = 0;
    for (Line line : order.getLines()) {
      units += line.getQuantity();
      dearest = Math.max(dearest, line.getUnitPrice());
    }
    int lines = order.getLines().size();
    double[] known = {
      Math.log1p(order.getTotal()),
      lines,
      Math.log1p(units),
      Math.log1p(dearest),
      Math.log1p((double) order.getTotal() / lines),
      velocity,
      Math.log1p(order.getAccountAgeDays()),
      one(order.getBillingCountry().equals(order.getDeliveryCountry())),
      one(order.getPriority().equals("express")),
    };
    List<Float> features = new ArrayList<>(Collections.nCopies(FEATURES, Float.NaN));
    for (int i = 0; i < known.length; i++) {
      features.set(i, (float) known[i]);
    }
    return features;
  }

  private static double one(boolean so) {
    return so ? 1 : 0;
  }

  private static double threshold(String variable, double otherwise) {
    String set = System.getenv(variable);
    return set == null ? otherwise : Double.parseDouble(set);
  }
}
