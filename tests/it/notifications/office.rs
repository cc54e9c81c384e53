//! A shop with the service in it, and what its staff does.

use orderflow_stack::Servers;
use orderflow_tests::{Shop, options};
use serde_json::Value;

/// The service's instance.
pub const INSTANCE: &str = "notifications-0";

/// Quick retries, and endpoints on this machine.
const QUICK: [(&str, &str); 4] = [
    ("ALLOW_PRIVATE_ENDPOINTS", "true"),
    ("WEBHOOK_TIMEOUT", "5"),
    ("RETRY_SCHEDULE", "1,1,2,2,2,5,5,5,5,5,10,10,10,10,10"),
    ("ORDER_WINDOW", "1.5"),
];

/// A shop on these servers, with the service and these variables of its own.
pub async fn open_on(servers: &Servers, variables: &[(&str, &str)], common: &[(&str, &str)]) -> Shop {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut options = options();
    let own = QUICK.iter().chain(variables).map(owned).collect();
    options.service_variables.insert("notifications", own);
    options.variables.extend(common.iter().map(owned));
    let shop = Shop::open_on(servers, options).await;
    shop.environment().add("notifications", 0).await.unwrap();
    shop
}

/// Runs `orderflow notifications` on a shop.
pub async fn notifications(shop: &Shop, arguments: &[&str]) -> Value {
    let url = shop.instance(INSTANCE).http_url().unwrap().to_owned();
    let variables = [("NOTIFICATIONS_URL".to_owned(), url)];
    shop.orderflow_given(&variables, &[&["notifications"][..], arguments].concat()).await
}

/// Has an endpoint told of these events; the subscription's id and secret.
pub async fn subscribe(shop: &Shop, url: &str, events: &[&str]) -> (String, String) {
    let mut arguments = vec!["subscribe", "--url", url];
    arguments.extend(events.iter().flat_map(|event| ["--event", *event]));
    let answer = notifications(shop, &arguments).await;
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}
