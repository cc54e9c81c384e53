//! A real S3 server with one bucket, within the test: what it holds lies as files in a folder.

use std::path::{Path, PathBuf};

use axum::{Router, extract::Request, http::StatusCode, response::IntoResponse};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use shipping::label_store::Address;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinSet};

/// The one who may use it.
pub const KEY: &str = "AKIAORDERFLOWTEST";
const BUCKET: &str = "labels";
const NO_SUCH_BUCKET: &str = "<Error><Code>NoSuchBucket</Code></Error>";
const SECRET: &str = "a-secret-nobody-may-read-in-a-log";

/// The server. Gone when dropped.
pub struct Bucket {
    endpoint: String,
    folder: TempDir,
    _serving: JoinSet<()>,
}

impl Bucket {
    /// A server without its bucket.
    pub async fn missing() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = service.build();
        let bucket = folder.path().join(BUCKET);
        let answer = async move |request: Request| {
            // This server makes a bucket that is not there; S3 says so.
            if !bucket.is_dir() {
                return (StatusCode::NOT_FOUND, NO_SUCH_BUCKET).into_response();
            }
            match tower::Service::call(&mut service.clone(), request).await {
                Ok(response) => response.map(axum::body::Body::new).into_response(),
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer);
        let serving = JoinSet::from_iter([async move { axum::serve(listener, router).await.unwrap() }]);
        Self { endpoint, folder, _serving: serving }
    }

    /// A server with an empty bucket.
    pub async fn empty() -> Self {
        let bucket = Self::missing().await;
        bucket.make();
        bucket
    }

    /// Makes the bucket, as its owner does.
    pub fn make(&self) {
        std::fs::create_dir(self.folder.path().join(BUCKET)).unwrap();
    }

    /// What `LABEL_STORE` is set to.
    #[must_use]
    pub fn address(&self) -> Address {
        "s3://labels/shop".parse().unwrap()
    }

    /// The variables of whoever may use it.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        self.variables_with(SECRET)
    }

    /// The variables of somebody with this secret.
    #[must_use]
    pub fn variables_with(&self, secret: &str) -> Vec<(String, String)> {
        let pairs = [
            ("LABEL_STORE", self.address().to_string()),
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", secret.to_owned()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The file of a document.
    #[must_use]
    pub fn file(&self, path: &str) -> PathBuf {
        self.folder.path().join(BUCKET).join("shop").join(path)
    }

    /// How many documents there are.
    #[must_use]
    pub fn count(&self) -> usize {
        documents(&self.folder.path().join(BUCKET))
    }
}

/// The server keeps notes of its own beside the documents.
fn documents(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_document = |path: &Path| path.extension().is_some_and(|ending| ending == "zpl" || ending == "pdf");
    entries.map(|path| if path.is_dir() { documents(&path) } else { is_document(&path).into() }).sum()
}
