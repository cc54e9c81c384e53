//! The routes: who may see what, and how a list looks.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::Request,
};
use jiff::Timestamp;
use orderflow::{
    clock::Clock,
    http::{InFlight, Tokens, callers::Callers, kind},
};
use recommendation::{
    associations::Associations,
    desk::Desk,
    lesson::Deed,
    problem_kind::{self, STAFF_ONLY},
    routes::routes,
};
use rstest::rstest;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{HOUR, associations, at, lesson, standing_at};
use orderflow_testkit::RedisServer;

const SECRET: &[u8] = b"a secret of no less than 32 bytes, for tests";
const LOCAL: &str = "127.0.0.1:4711";
const FAR: &str = "203.0.113.9:4711";

struct Fixture {
    routes: Router,
    clock: Clock,
    associations: Associations,
    _redis: RedisServer,
}

impl Fixture {
    async fn start() -> Option<Self> {
        let redis = RedisServer::start()?;
        let state = redis.fresh().await;
        let (clock, associations) = (standing_at(at(HOUR)), associations(&state));
        let desk = Desk {
            associations: associations.clone(),
            callers: Callers {
                tokens: tokens(),
                staff_scope: "orders:staff".to_owned(),
                operator_token: None,
                refusal: &STAFF_ONLY,
            },
            in_flight: InFlight::new(8),
            clock: clock.clone(),
            items: 10,
        };
        let fixture = Self { routes: routes(Arc::new(desk)), clock, associations, _redis: redis };
        let lessons = [
            lesson(1, "ada", 0, Deed::Ordered, &["MUG", "TEA"]),
            lesson(2, "bela", 1, Deed::Ordered, &["MUG", "LAMP", "BULB"]),
            lesson(3, "carl", 2, Deed::Ordered, &["MUG"]),
        ];
        fixture.associations.learn(&lessons, |_| 60).await.unwrap();
        Some(fixture)
    }

    async fn get(&self, path: &str, from: &str, token: Option<String>) -> (u16, Value) {
        let mut request = Request::builder().uri(path);
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo::<SocketAddr>(from.parse().unwrap()));
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    fn bearer(&self, subject: &str, scope: &str) -> String {
        let claims = json!({"sub": subject, "exp": self.clock.now().as_second() + 60, "scope": scope});
        let key = jsonwebtoken::EncodingKey::from_secret(SECRET);
        format!("Bearer {}", jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap())
    }
}

fn tokens() -> Tokens {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), SECRET).unwrap();
    Tokens::hs256(file.path(), &Default::default()).unwrap()
}

fn skus(body: &Value) -> Vec<&str> {
    body["items"].as_array().unwrap().iter().map(|item| item["sku"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_known_customer_gets_what_goes_with_their_purchases_and_none_of_them() {
    let Some(service) = Fixture::start().await else { return };
    let (status, body) = service.get("/recommendations/carl", LOCAL, None).await;
    assert_eq!((status, &body["basis"]), (200, &json!("personal")), "{body}");
    assert_eq!(skus(&body), ["TEA", "BULB", "LAMP"], "{body}");
    assert_eq!(body["items"][0]["because_of"], json!("MUG"));
    assert_eq!(body["model_version"], json!("co-visits-1"));
    assert!(body["as_of"].as_str().unwrap().parse::<Timestamp>().is_ok());
    let (_, body) = service.get("/recommendations/carl?limit=1", LOCAL, None).await;
    assert_eq!(skus(&body), ["TEA"]);
}

#[tokio::test]
async fn an_unknown_customer_gets_what_is_popular_and_is_told_so() {
    let Some(service) = Fixture::start().await else { return };
    let (status, body) = service.get("/recommendations/nobody", LOCAL, None).await;
    assert_eq!((status, &body["basis"]), (200, &json!("popularity")), "{body}");
    assert_eq!(skus(&body)[0], "MUG");
    assert!(body["items"].as_array().unwrap().iter().all(|item| item["reason"] == "popular"));
}

#[tokio::test]
async fn anybody_may_ask_what_goes_with_a_product_and_nothing_goes_with_an_unknown_one() {
    let Some(service) = Fixture::start().await else { return };
    let (status, body) = service.get("/products/MUG/related", FAR, None).await;
    assert_eq!((status, skus(&body)), (200, vec!["TEA", "BULB", "LAMP"]), "{body}");
    let (status, body) = service.get("/products/NOTHING/related", FAR, None).await;
    assert_eq!((status, skus(&body).len()), (200, 0), "{body}");
}

#[rstest]
#[case::from_this_machine(LOCAL, None, 200)]
#[case::from_elsewhere(FAR, None, 403)]
#[case::the_customer(FAR, Some(("carl", "")), 200)]
#[case::another_customer(FAR, Some(("ada", "")), 403)]
#[case::another_customer_here(LOCAL, Some(("ada", "")), 403)]
#[case::staff(FAR, Some(("dana", "openid orders:staff")), 200)]
#[tokio::test]
async fn only_staff_and_the_customer_see_a_customer_s_recommendations(
    #[case] from: &str,
    #[case] token: Option<(&str, &str)>,
    #[case] status: u16,
) {
    let Some(service) = Fixture::start().await else { return };
    let token = token.map(|(subject, scope)| service.bearer(subject, scope));
    let (answered, body) = service.get("/recommendations/carl", from, token).await;
    assert_eq!(answered, status, "{body}");
    if status == 403 {
        assert_eq!(body["code"], json!("staff_only"));
    }
}

#[rstest]
#[case::forged("/recommendations/carl", Some("Bearer x.y.z"), 401, "invalid_token")]
#[case::nothing("/recommendations/carl?limit=0", None, 400, "invalid_query")]
#[case::too_many("/products/MUG/related?limit=51", None, 400, "invalid_query")]
#[case::unknown("/products/MUG/related?size=5", None, 400, "invalid_query")]
#[case::nowhere("/recommendations", None, 404, "not_found")]
#[tokio::test]
async fn a_refusal_is_a_problem(
    #[case] path: &str,
    #[case] token: Option<&str>,
    #[case] status: u16,
    #[case] code: &str,
) {
    let Some(service) = Fixture::start().await else { return };
    let (answered, body) = service.get(path, LOCAL, token.map(str::to_owned)).await;
    assert_eq!((answered, &body["code"]), (status, &json!(code)), "{body}");
}

#[test]
fn the_readme_lists_every_problem_this_service_answers_with() {
    let readme = include_str!("../../README.md");
    for kind in problem_kind::ALL.iter().chain(&[&kind::INVALID_TOKEN, &kind::OVERLOADED, &kind::UNAVAILABLE])
    {
        let row = format!("| `{}` | {} |", kind.code(), kind.status().as_u16());
        assert!(readme.contains(&row), "README.md has no row {row}");
    }
}
