//! Folders, variables, and what a bucket's refusals mean; that buckets work is tested on a real S3 server
//! (`tests/it/s3.rs` of the workspace).

use std::{iter::empty, time::Duration};

use axum::{Router, http::StatusCode};
use orderflow::fault::Consequence;
use rstest::rstest;
use tokio::task::JoinSet;

use super::*;

#[tokio::test]
async fn a_deleted_document_leaves_nothing_and_an_absent_one_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::Folder(folder.path().to_owned());
    let store = LabelStore::open(&address, empty(), &Health::default()).unwrap();
    let [one, other] = [1, 2].map(|id| Paths::of(Uuid::from_u128(id), Timestamp::UNIX_EPOCH));
    let deadline = Instant::now() + Duration::from_secs(60);
    for paths in [&one, &other] {
        store.put(paths, "^XA".to_owned(), b"%PDF".to_vec(), deadline).await.unwrap();
    }
    std::fs::write(folder.path().join(format!("{}#2", one.zpl)), "a write that was cut off").unwrap();
    let both = [one.zpl, one.pdf];
    assert_eq!(store.delete(&both).await.unwrap(), 2);
    assert_eq!(store.delete(&both).await.unwrap(), 0);
    let left = std::fs::read_dir(folder.path().join("1970/01/01")).unwrap();
    let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    let id = Uuid::from_u128(2);
    assert_eq!(left, [format!("{id}.pdf"), format!("{id}.zpl")]);
}

#[rstest]
#[case::in_clear(&[("AWS_ENDPOINT_URL", "http://store:9000")], Some("label_store"))]
#[case::in_clear_on_purpose(&[("AWS_ENDPOINT_URL", "http://store:9000"), ("AWS_ALLOW_HTTP", "true")], None)]
#[case::over_tls(&[("AWS_ENDPOINT_URL", "https://store:9000")], None)]
#[case::wrong(&[("AWS_CHECKSUM_ALGORITHM", "crc1")], Some("label_store"))]
#[case::empty(&[("AWS_ENDPOINT_URL", ""), ("AWS_CHECKSUM_ALGORITHM", "")], None)]
fn a_bucket_is_not_opened_with_variables_that_cannot_work(
    #[case] variables: &[(&str, &str)],
    #[case] code: Option<&str>,
) {
    let address: Address = "s3://labels/shop".parse().unwrap();
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let opened = LabelStore::open(&address, variables, &Health::default());
    assert_eq!(opened.err().map(|fault| fault.code()), code);
}

/// A bucket whose server answers everything so, or nothing.
async fn bucket(answer: Option<(u16, &'static str)>) -> (LabelStore, JoinSet<()>) {
    let answering = async move || match answer {
        Some((status, code)) => {
            (StatusCode::from_u16(status).unwrap(), format!("<Error><Code>{code}</Code></Error>"))
        }
        None => std::future::pending().await,
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let variables = [
        ("AWS_ENDPOINT_URL", format!("http://{}", listener.local_addr().unwrap())),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("AWS_ACCESS_KEY_ID", "key".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "word".to_owned()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    let router = Router::new().fallback(answering);
    let serving = JoinSet::from_iter([async move { axum::serve(listener, router).await.unwrap() }]);
    let address: Address = "s3://labels/shop".parse().unwrap();
    (LabelStore::open(&address, variables, &Health::default()).unwrap(), serving)
}

async fn put(store: &LabelStore, within: Duration) -> Fault {
    let paths = Paths::of(Uuid::nil(), Timestamp::UNIX_EPOCH);
    let deadline = Instant::now() + within;
    store.put(&paths, "^XA".to_owned(), b"%PDF".to_vec(), deadline).await.unwrap_err()
}

#[rstest]
#[case(403, "AccessDenied", "access is denied")]
#[case(404, "NoSuchBucket", "there is no such bucket (NoSuchBucket)")]
#[case(500, "InternalError", "it fails (InternalError)")]
#[case(503, "SlowDown", "it fails (SlowDown)")]
#[tokio::test]
async fn what_a_bucket_refuses_waits_and_says_why(
    #[case] status: u16,
    #[case] code: &'static str,
    #[case] why: &str,
) {
    let (store, _serving) = bucket(Some((status, code))).await;
    let fault = put(&store, Duration::from_secs(60)).await;
    assert_eq!((fault.consequence(), fault.code()), (Consequence::Transient, "label_store_unavailable"));
    assert!(fault.to_string().contains(why), "{fault}");
}

#[tokio::test]
async fn a_bucket_that_does_not_answer_holds_up_nobody_beyond_the_deadline() {
    let (store, _serving) = bucket(None).await;
    let fault = put(&store, Duration::from_millis(50)).await;
    assert_eq!((fault.consequence(), fault.code()), (Consequence::Transient, "label_store_unavailable"));
    assert!(fault.to_string().contains("takes too long"), "{fault}");
}
