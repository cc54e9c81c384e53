//! Label documents in a bucket, on a real S3 server.

use std::time::Duration;

use jiff::Timestamp;
use orderflow::{
    events::LabelDocumentStored,
    fault::{Consequence, Fault},
    health::{Health, Readiness},
};
use orderflow_tests::{
    Request, Shop,
    bucket::{Bucket, KEY},
    options,
};
use serde_json::json;
use shipping::label_store::{LabelStore, Paths};
use tokio::time::Instant;
use uuid::Uuid;

/// A store with these variables, and what readiness hears of it.
fn store(bucket: &Bucket, variables: Vec<(String, String)>) -> (LabelStore, Health) {
    let health = Health::default();
    (LabelStore::open(&bucket.address(), variables, &health).unwrap(), health)
}

fn paths(id: u128) -> Paths {
    Paths::of(Uuid::from_u128(id), Timestamp::UNIX_EPOCH)
}

async fn put(store: &LabelStore, paths: &Paths) -> Result<(), Fault> {
    let deadline = Instant::now() + Duration::from_secs(30);
    store.put(paths, "^XA".to_owned(), b"%PDF-1".to_vec(), deadline).await
}

#[tokio::test]
async fn documents_lie_in_the_bucket_as_they_were_given_and_a_repeat_writes_the_same() {
    let bucket = Bucket::empty().await;
    let (store, health) = store(&bucket, bucket.variables());
    for _ in ["once", "and again"] {
        store.check().await.unwrap();
        put(&store, &paths(1)).await.unwrap();
        assert_eq!(std::fs::read(bucket.file(&paths(1).zpl)).unwrap(), b"^XA");
        assert_eq!(std::fs::read(bucket.file(&paths(1).pdf)).unwrap(), b"%PDF-1");
        assert_eq!(bucket.count(), 2);
    }
    assert_eq!(health.readiness().0, Readiness::Ready);
}

#[tokio::test]
async fn documents_are_deleted_from_the_bucket_and_only_those_that_were_there_count() {
    let bucket = Bucket::empty().await;
    let (store, _) = store(&bucket, bucket.variables());
    for id in [1, 2] {
        put(&store, &paths(id)).await.unwrap();
    }
    let Paths { zpl, pdf } = paths(1);
    let gone = [zpl, pdf, paths(3).pdf];
    assert_eq!(store.delete(&gone).await.unwrap(), 2);
    assert_eq!(store.delete(&gone).await.unwrap(), 0);
    assert_eq!(bucket.count(), 2, "those of the other order");
}

/// A fault that passes, told to readiness, and by which nobody learns the credentials.
fn is_told(result: Result<(), Fault>, health: &Health, words: &str) {
    let fault = result.unwrap_err();
    let told = format!("{fault} {fault:?} {:?}", health.readiness().1);
    assert_eq!((fault.consequence(), fault.code()), (Consequence::Transient, "label_store_unavailable"));
    assert_eq!(health.readiness().0, Readiness::Degraded);
    assert_eq!(told.matches(words).count(), 3, "{told}");
    assert!(!told.contains(KEY) && !told.contains("ecret-"), "{told}");
}

#[tokio::test]
async fn a_bucket_that_denies_access_says_so_until_it_no_longer_does() {
    let bucket = Bucket::empty().await;
    let (denied, health) = store(&bucket, bucket.variables_with("wrong-secret-"));
    is_told(denied.check().await, &health, "access is denied");
    is_told(put(&denied, &paths(1)).await, &health, "access is denied");
    is_told(denied.delete(&[paths(1).zpl]).await.map(drop), &health, "access is denied");
    assert_eq!(bucket.count(), 0);
    let allowed = LabelStore::open(&bucket.address(), bucket.variables(), &health).unwrap();
    put(&allowed, &paths(1)).await.unwrap();
    assert_eq!(health.readiness().0, Readiness::Ready);
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_no_place_without_documents() {
    let bucket = Bucket::missing().await;
    let (store, health) = store(&bucket, bucket.variables());
    is_told(store.check().await, &health, "there is no such bucket");
    is_told(put(&store, &paths(1)).await, &health, "there is no such bucket");
    is_told(store.delete(&[paths(1).zpl]).await.map(drop), &health, "there is no such bucket");
    bucket.make();
    assert_eq!(store.delete(&[paths(1).zpl]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_an_outage() {
    let bucket = Bucket::empty().await;
    let variables = bucket.variables();
    drop(bucket);
    let other = Bucket::missing().await;
    let (store, health) = store(&other, variables);
    is_told(put(&store, &paths(1)).await, &health, "it cannot be reached");
}

#[tokio::test]
async fn labels_wait_for_their_bucket_and_go_with_their_person() {
    let bucket = Bucket::missing().await;
    let mut options = options();
    options.service_variables.insert("shipping", bucket.variables());
    let shop = Shop::open(options).await;
    shop.says("shipping-0", "there is no such bucket").await;

    let request = Request::good();
    let customer = request.body["customer"]["id"].as_str().unwrap().to_owned();
    let placed = shop.place(&request).await;
    shop.settled(&[placed]).await;
    bucket.make();
    let (_, document) = shop.record::<LabelDocumentStored>(&placed.order_id.to_string()).await;
    assert!(std::fs::read(bucket.file(&document.zpl_path)).unwrap().starts_with(b"^XA"));
    assert!(std::fs::read(bucket.file(&document.pdf_path)).unwrap().starts_with(b"%PDF"));

    let erase = ["customers", "erase", &customer, "--by", "support-7", "--reason", "request 118"];
    let report = shop.orderflow_given(&bucket.variables(), &erase).await;
    assert_eq!([&report["keys_erased"], &report["documents_deleted"]], [&json!(1), &json!(2)]);
    assert_eq!(bucket.count(), 0);
    let again = shop.orderflow_given(&bucket.variables(), &erase).await;
    assert_eq!([&again["keys_erased"], &again["documents_deleted"]], [&json!(0), &json!(0)]);

    let log = std::fs::read_to_string(shop.environment().instance("shipping-0").unwrap().log()).unwrap();
    let shown = bucket
        .variables()
        .into_iter()
        .filter(|(name, _)| name.contains("KEY"))
        .find(|(_, value)| log.contains(value));
    assert_eq!(shown, None, "in the output of shipping");
    shop.close(&[placed]).await;
}
