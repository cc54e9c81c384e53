//! Customers get their letters, and stand in no log for it.

use orderflow::events::{NotificationDelivered, NotificationDue};
use orderflow_tests::{Request, Shop, eventually, servers};
use serde_json::json;

use super::{
    mail_server::MailServer,
    office::{INSTANCE, notifications, open_on, subscribe},
    receiver::{Answer, Receiver},
};

const NAME: &str = "Canaria <b>Kestrelwood</b>";
const MAIL: &str = "canaria.kestrelwood@nest.example";
/// What may stand in no log; of the name a word, since it is written in several ways.
const PERSON: [&str; 3] = ["kestrelwood", "canarygasse", "nest.example"];

#[tokio::test]
async fn a_customer_is_written_to_and_named_in_no_log() {
    let Some(server) = MailServer::start().await else { return };
    let port = server.port.to_string();
    let settings = [
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", port.as_str()),
        ("SMTP_TLS", "none"),
        ("MAIL_FROM", "The Shop <orders@shop.example>"),
        ("SHOP_NAME", "The Shop"),
    ];
    let shop = open_on(servers::shared().await, &settings, &[("RUST_LOG", "debug")]).await;
    let receiver = Receiver::start(Answer::Status(500)).await;
    let (_, secret) = subscribe(&shop, &receiver.url, &["*"]).await;
    let email = ["subscribe", "--email", "--event", "order.fulfilled", "--event", "order.accepted"];
    notifications(&shop, &email).await;

    let mut request = Request::good();
    request.body["customer"]["name"] = json!(NAME);
    request.body["customer"]["email"] = json!(MAIL);
    request.body["delivery_address"]["line1"] = json!("Canarygasse 7741");
    let order = shop.place(&request).await;
    let letters = server.has_taken(2).await;
    let order_id = order.order_id.to_string();
    let fulfilled = letters.iter().find(|letter| letter.contains("on its way with")).unwrap();
    for wanted in [MAIL, "The Shop", &order_id, "Auto-Submitted: auto-generated", "multipart/alternative"] {
        assert!(fulfilled.contains(wanted), "{wanted} is missing: {fulfilled}");
    }
    // Its page shows the name as it is, and no markup of it.
    assert!(
        fulfilled.contains("&lt;b&gt;Kestrelwood") && !fulfilled.contains("<p>Hello Canaria <b>"),
        "{fulfilled}"
    );
    let (_, due) = due(&shop, "order.fulfilled").await;
    assert!(fulfilled.contains(&format!("Message-ID: <{}@shop.example>", due)), "{fulfilled}");
    eventually("both letters to be told of", async || {
        let mut delivered = shop.records::<NotificationDelivered>().await;
        delivered.retain(|(_, event)| event.channel == "email");
        if delivered.len() == 2 { Ok(()) } else { Err(delivered.len()) }
    })
    .await;

    receiver.has_received(2).await;
    let log = std::fs::read_to_string(shop.instance(INSTANCE).log()).unwrap();
    assert!(log.contains("subscribed") && log.contains("a notification is tried again later"), "{log}");
    let lowered = log.to_lowercase();
    for word in PERSON.iter().copied().chain([secret.as_str(), receiver.url.as_str()]) {
        assert!(!lowered.contains(&word.to_lowercase()), "{word} is in the log");
    }
    receiver.answers(Answer::Status(204));
    shop.close(&[order]).await;
}

/// Where the e-mail about an event of this name is due, and its event.
async fn due(shop: &Shop, name: &str) -> (String, String) {
    eventually("an e-mail that is due", async || {
        let all = shop.records::<NotificationDue>().await;
        let mut found = all.into_iter().filter(|(_, due)| due.channel == "email" && due.event_type == name);
        found.next().map(|(entry, due)| (entry.key, due.event_id.to_string())).ok_or("none")
    })
    .await
}
