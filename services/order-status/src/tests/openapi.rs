//! The routes and the document about them say the same.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use serde_json::{Value, json};

use super::fixture::{Fixture, bearer};

const SOURCES: [&str; 3] =
    [include_str!("../routes.rs"), include_str!("../dead_letters.rs"), include_str!("../models.rs")];

/// Paths and their methods.
type Routes = BTreeMap<String, BTreeSet<String>>;

fn in_code() -> Routes {
    let rows = SOURCES.iter().flat_map(|source| source.split(".route(\"").skip(1));
    let route = |row: &str| {
        let (path, rest) = row.split_once('"').unwrap();
        let method = rest.trim_start_matches([',', ' ']).split('(').next().unwrap();
        (path.to_owned(), [method.to_owned()].into())
    };
    rows.map(route).collect()
}

#[test]
fn every_route_is_in_the_document_and_every_path_of_it_is_a_route() {
    let document: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let told = paths.map(|(path, item)| (path.clone(), item.as_object().unwrap().keys().cloned().collect()));
    assert_eq!(told.collect::<Routes>(), in_code());
    // Every name that is referred to is defined.
    let text = document.to_string();
    for name in text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}

#[tokio::test]
async fn the_document_is_served_and_dead_letters_are_for_staff() {
    let Some(service) = Fixture::start().await else { return };
    let served = service.get("/openapi.json").await;
    assert_eq!((served.status.as_u16(), &served.body["info"]["title"]), (200, &json!("order-status")));
    let customer = bearer(&service.clock, "cust-42", &json!("openid"));
    for path in ["/dead-letters", "/dead-letters/stats", "/dead-letters/payment/0:1"] {
        let answer = service.send(Method::GET, path, &[("authorization", &customer)], "").await;
        assert_eq!(answer.status.as_u16(), 403, "{path}");
    }
    let ask = async |path: &str| service.get(path).await.status.as_u16();
    assert_eq!(ask("/dead-letters?older=soon").await, 400);
    assert_eq!(ask("/dead-letters?colour=red").await, 400);
    assert_eq!(ask("/dead-letters/nobody/0:1").await, 404);
    assert_eq!(ask("/dead-letters/payment/first").await, 404);
}
