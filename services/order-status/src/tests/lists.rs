//! Orders in lists.

use axum::http::Method;
use serde_json::{Value, json};

use super::{
    events::{at, event, order, order_of},
    fixture::{FAR, Fixture, LOCAL, bearer, id, staff_bearer},
};

async fn ids(service: &Fixture, path: &str) -> (Vec<String>, Option<String>) {
    let page = service.get(path).await;
    assert_eq!(page.status, 200, "{page:?}");
    let orders = page.body["orders"].as_array().unwrap();
    let ids = orders.iter().map(|order| order["order_id"].as_str().unwrap().to_owned()).collect();
    (ids, page.body["next"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn a_list_is_newest_first_page_by_page_and_leaves_nothing_out() {
    let Some(service) = Fixture::start().await else { return };
    // Three of them in the same microsecond.
    let numbers = [1, 2, 3, 1_000_004, 2_000_004, 3_000_004, 9];
    for n in numbers {
        service.fold([event(&order(n), "OrderPlaced")]).await;
    }
    let all = [9, 3_000_004, 2_000_004, 1_000_004, 3, 2, 1].map(id);
    for limit in 1..=8 {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let (page, next) = ids(&service, &format!("/orders?limit={limit}{cursor}")).await;
            seen.extend(page);
            let Some(next) = next else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, all, "{limit} a page");
    }
}

#[tokio::test]
async fn a_list_is_of_a_customer_and_of_a_state() {
    let Some(service) = Fixture::start().await else { return };
    for (n, customer, last) in [
        (1, "ann", "InventoryShortage"),
        (2, "ann", "InventoryReserved"),
        (3, "bob", "InventoryShortage"),
        (4, "ann", "InventoryShortage"),
    ] {
        let order = order_of(n, customer);
        // The step before first: it must leave the list of orders in progress.
        service.fold([event(&order, "OrderPlaced")]).await;
        service.fold([event(&order, last)]).await;
    }
    let of = async |query: &str| ids(&service, &format!("/orders?{query}")).await.0;
    assert_eq!(of("customer=ann").await, [4, 2, 1].map(id));
    assert_eq!(of("state=OutOfStock").await, [4, 3, 1].map(id));
    assert_eq!(of("state=InProgress").await, [id(2)]);
    assert_eq!(of("customer=ann&state=OutOfStock").await, [4, 1].map(id));
    assert_eq!(of("customer=nobody").await, [""; 0]);
    let page = service.get("/orders?customer=bob").await;
    let only: &Value = &page.body["orders"][0];
    assert_eq!(
        (&only["customer_id"], &only["state"], &only["total"]),
        (&"bob".into(), &"OutOfStock".into(), &2580.into())
    );
}

#[tokio::test]
async fn a_list_is_of_a_time_from_its_beginning_to_before_its_end() {
    let Some(service) = Fixture::start().await else { return };
    for n in [1, 2, 3, 1_000_003, 4, 5] {
        service.fold([event(&order(n), "OrderPlaced")]).await;
    }
    let of = async |query: &str| ids(&service, &format!("/orders?{query}")).await.0;
    assert_eq!(of(&format!("from={}&to={}", at(2), at(4))).await, [1_000_003, 3, 2].map(id));
    assert_eq!(of(&format!("from={}", at(4))).await, [5, 4].map(id));
    assert_eq!(of(&format!("to={}&customer=cust-42", at(2))).await, [id(1)]);
    assert_eq!(of(&format!("from={}&to={}", at(4), at(2))).await, [""; 0]);
    // Page by page, with two placed at the same moment.
    let mut query = format!("limit=1&from={}&to={}", at(2), at(4));
    let mut seen = Vec::new();
    while let (page, Some(next)) = ids(&service, &format!("/orders?{query}")).await {
        seen.extend(page);
        query = format!("limit=1&from={}&to={}&cursor={next}", at(2), at(4));
    }
    assert_eq!(seen, [1_000_003, 3, 2].map(id));
    let wrong = service.get("/orders?from=yesterday").await;
    assert_eq!((wrong.problem(), wrong.mistakes()), ((400, "invalid_query"), vec![("from", "malformed")]));
}

#[tokio::test]
async fn lists_are_for_staff() {
    let Some(service) = Fixture::start().await else { return };
    for path in ["/orders", "/reviews"] {
        let far = ("test-peer", FAR);
        assert_eq!(service.send(Method::GET, path, &[far], "").await.problem(), (403, "staff_only"));
        let forwarded = [("x-forwarded-for", "127.0.0.1")];
        assert_eq!(service.send(Method::GET, path, &forwarded, "").await.problem(), (403, "staff_only"));
        let token = staff_bearer(&service.clock, "ada");
        assert_eq!(service.send(Method::GET, path, &[far, ("authorization", &token)], "").await.status, 200);
        let forged = [far, ("authorization", "Bearer made.up.token")];
        assert_eq!(service.send(Method::GET, path, &forged, "").await.problem(), (401, "invalid_token"));
    }
    let Some(service) = Fixture::with(1, Some("the operator's token")).await else { return };
    let staff = staff_bearer(&service.clock, "ada");
    assert_eq!(service.send(Method::GET, "/orders", &[("authorization", &staff)], "").await.status, 200);
    assert_eq!(service.get("/orders").await.problem(), (403, "staff_only"), "also from this machine");
    let token = [("authorization", "Bearer the operator's token"), ("test-peer", FAR)];
    assert_eq!(service.send(Method::GET, "/orders", &token, "").await.status, 200);
}

#[tokio::test]
async fn a_good_token_without_the_staffs_scope_is_a_customers_and_shows_no_lists() {
    let Some(service) = Fixture::start().await else { return };
    service.fold([event(&order_of(1, "cust-42"), "OrderPlaced")]).await;
    for scope in [json!(null), json!("openid"), json!("orders:staffing"), json!(["orders:staff"])] {
        let token = bearer(&service.clock, "cust-42", &scope);
        // Also from this machine: a shop here may pass its customers' tokens on.
        for peer in [FAR, LOCAL] {
            let headers = [("test-peer", peer), ("authorization", token.as_str())];
            for path in ["/orders", "/orders?customer=cust-42", "/reviews"] {
                let refused = service.send(Method::GET, path, &headers, "").await;
                assert_eq!(refused.problem(), (403, "staff_only"), "{scope} {peer} {path}");
                let challenge = refused.header("www-authenticate");
                assert_eq!(challenge, r#"Bearer error="insufficient_scope", scope="orders:staff""#);
            }
            let by_id = service.send(Method::GET, &format!("/orders/{}", id(1)), &headers, "").await;
            assert_eq!(by_id.status, 200, "whoever knows the id sees the order");
        }
    }
}

#[tokio::test]
async fn parameters_that_cannot_be_meant_are_refused() {
    let Some(service) = Fixture::start().await else { return };
    let wrong = service.get("/orders?limit=101&state=Lost&cursor=x&limit=2").await;
    assert_eq!(wrong.problem(), (400, "invalid_query"));
    let fields: Vec<&str> = wrong.mistakes().into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["state", "limit", "cursor", "limit"]);
}

#[tokio::test]
async fn a_list_that_may_be_short_of_orders_is_not_shown() {
    let Some(service) = Fixture::start().await else { return };
    service.fold([event(&order(1), "OrderPlaced")]).await;
    let () = redis::cmd("FLUSHALL").query_async(&mut service.state.redis()).await.unwrap();
    for path in ["/orders", "/reviews"] {
        assert_eq!(service.get(path).await.problem(), (503, "unavailable"), "{path}");
    }
}
