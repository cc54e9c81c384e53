//! Promises kept on real servers, one file each. The harness is the library of this crate.

// All of it is tests, also what clippy does not recognise as such: a failed unwrap is a failed test.
#![allow(clippy::unwrap_used)]

// Every test needs the servers, and most a shop: see `orderflow_tests::shop`.
mod alerts;
mod alerts_fire;
mod bad_input;
mod breakers;
mod broker_restart;
mod canaries;
mod cancels;
mod chaos;
mod checker;
mod dashboards;
mod dead_letters;
mod duplicates;
mod erasure;
mod error_codes;
mod examples;
mod exposition;
mod flow;
mod happy_path;
mod invoices;
mod kill_nine;
mod kill_points;
mod labels;
mod long_outages;
mod lost_state;
mod managed;
mod metrics;
mod model;
mod model_bench;
mod models;
mod models_http;
mod models_instances;
mod models_serving;
mod notifications;
mod order_status;
mod outages;
mod planted;
mod poison;
mod promql;
mod rebalance;
mod recommendation;
mod recovery;
mod refusals;
mod replay;
mod reviews;
mod rules;
mod s3;
mod shutdown;
mod start_up;
mod stock_snapshots;
mod stripe;
mod stripe_mock;
mod time;
mod timeline;
mod topology;
mod tower;
mod traces;
mod training;
mod waiting;
