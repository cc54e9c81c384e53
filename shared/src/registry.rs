//! The schema registry, by Confluent's REST API, as far as start-up and the tools need it. Subjects follow
//! TopicRecordNameStrategy: `<topic on the broker>-<full name>`.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{Client, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::servers::Advice;

/// How schemas may change: a reader of any version reads records of any other (Confluent's `FULL_TRANSITIVE`).
pub const COMPATIBILITY: &str = "FULL_TRANSITIVE";

const REFUSED: &str =
    "the registry refuses us: check user and rights in SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO";

/// A client of one registry.
#[derive(Debug, Clone)]
pub struct Registry {
    http: Client,
    url: String,
    user: Option<User>,
}

/// As whom a registry is asked (HTTP basic authentication, RFC 7617). `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct User {
    /// The user, or the API key.
    pub name: String,
    /// The password, or the API key's secret.
    pub password: SecretString,
}

/// One version of a subject.
#[derive(Debug, Clone, Deserialize)]
pub struct Version {
    /// What stands in a record's framing.
    pub id: u32,
    /// Counted from 1 within the subject.
    pub version: u32,
    /// The schema, as JSON text.
    pub schema: String,
}

impl Registry {
    /// A client for the registry at `url`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(url: &str) -> anyhow::Result<Self> {
        let http = Client::builder().timeout(Duration::from_secs(10)).build()?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned(), user: None })
    }

    /// The same, asked as this user.
    #[must_use]
    pub fn asked_by(mut self, user: Option<User>) -> Self {
        self.user = user;
        self
    }

    /// The subject of a record type on a topic.
    #[must_use]
    pub fn subject(topic: &str, full_name: &str) -> String {
        format!("{topic}-{full_name}")
    }

    /// The version of `subject` that is just this schema, if it is registered.
    ///
    /// # Errors
    /// When the registry does not answer as it should.
    pub async fn lookup(&self, subject: &str, schema: &str) -> anyhow::Result<Option<Version>> {
        let body = json!({ "schema": schema });
        self.call(Method::POST, &format!("subjects/{subject}"), Some(body)).await
    }

    /// Every version of `subject`, oldest first; none when the subject does not exist.
    ///
    /// # Errors
    /// As [`Self::lookup`].
    pub async fn versions(&self, subject: &str) -> anyhow::Result<Vec<Version>> {
        let path = format!("subjects/{subject}/versions");
        let numbers: Vec<u32> = self.call(Method::GET, &path, None).await?.unwrap_or_default();
        let mut versions = Vec::with_capacity(numbers.len());
        for number in numbers {
            versions.extend(self.call::<Version>(Method::GET, &format!("{path}/{number}"), None).await?);
        }
        Ok(versions)
    }

    /// Whether `schema` may become the next version of `subject`; the registry's own words where it may not.
    ///
    /// # Errors
    /// As [`Self::lookup`].
    pub async fn check(&self, subject: &str, schema: &str) -> anyhow::Result<Result<(), String>> {
        let path = format!("compatibility/subjects/{subject}/versions?verbose=true");
        let answer: Option<Value> = self.call(Method::POST, &path, Some(json!({ "schema": schema }))).await?;
        let Some(answer) = answer else { return Ok(Ok(())) }; // no version yet: nothing to be incompatible with
        if answer["is_compatible"] == json!(true) {
            return Ok(Ok(()));
        }
        Ok(Err(answer.get("messages").map_or_else(|| "incompatible".to_owned(), Value::to_string)))
    }

    /// Registers `schema` as the next version of `subject` (or finds it there) and returns its id.
    ///
    /// # Errors
    /// When it is incompatible, or as [`Self::lookup`].
    pub async fn register(&self, subject: &str, schema: &str) -> anyhow::Result<u32> {
        #[derive(Deserialize)]
        struct Id {
            id: u32,
        }
        let body = json!({ "schema": schema });
        let id: Option<Id> =
            self.call(Method::POST, &format!("subjects/{subject}/versions"), Some(body)).await?;
        let id = id.with_context(|| format!("the registry has no place for {subject}"))?.id;
        let level = json!({ "compatibility": COMPATIBILITY });
        let _: Option<Value> = self.call(Method::PUT, &format!("config/{subject}"), Some(level)).await?;
        Ok(id)
    }

    /// The subjects under which the schema `id` is registered, and the schema; `None` when there is no such id.
    ///
    /// # Errors
    /// As [`Self::lookup`].
    pub async fn by_id(&self, id: u32) -> anyhow::Result<Option<(Vec<String>, String)>> {
        #[derive(Deserialize)]
        struct Subject {
            subject: String,
        }
        #[derive(Deserialize)]
        struct Schema {
            schema: String,
        }
        let Some(schema) = self.call::<Schema>(Method::GET, &format!("schemas/ids/{id}"), None).await? else {
            return Ok(None);
        };
        let uses: Option<Vec<Subject>> =
            self.call(Method::GET, &format!("schemas/ids/{id}/versions"), None).await?;
        Ok(Some((uses.unwrap_or_default().into_iter().map(|at| at.subject).collect(), schema.schema)))
    }

    /// Every subject there is.
    ///
    /// # Errors
    /// As [`Self::lookup`].
    pub async fn subjects(&self) -> anyhow::Result<Vec<String>> {
        let subjects = self.call(Method::GET, "subjects", None).await?;
        subjects.context("there is no schema registry at this address")
    }

    /// One call; `None` for 404.
    async fn call<T: serde::de::DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Option<T>> {
        let mut request = self.http.request(method, format!("{}/{path}", self.url));
        if let Some(user) = &self.user {
            request = request.basic_auth(&user.name, Some(user.password.expose_secret()));
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.context("the schema registry does not answer")?;
        match answer.status() {
            status if status.is_success() => {
                Ok(Some(answer.json().await.context("the registry's answer is odd")?))
            }
            StatusCode::NOT_FOUND => Ok(None),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                Err(Advice::new(REFUSED, &format!("{status} to {path}")).into())
            }
            status => {
                bail!("the registry answers {status} to {path}: {}", answer.text().await.unwrap_or_default())
            }
        }
    }
}
