//! A bucket of an S3-compatible store: opening it, and what its errors mean.
//!
//! Its own words are not repeated: some stores answer a wrong signature with the key's id and all that was signed.

use std::{error::Error, sync::Arc, time::Duration};

use object_store::{
    ClientOptions, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    client::{ClientConfigKey, HttpError, HttpErrorKind},
    path::Path,
    prefix::PrefixStore,
};

const RETRIES: usize = 2;

/// The longest code of an S3 error that is repeated.
const LONGEST_CODE: usize = 64;

/// Opens the bucket with these variables, of which those that begin with `AWS_` count. Nothing is asked yet.
///
/// # Errors
/// When they cannot work.
pub(super) fn open(
    name: &str,
    prefix: &Path,
    variables: impl IntoIterator<Item = (String, String)>,
    timeout: Duration,
) -> Result<Arc<dyn ObjectStore>, &'static str> {
    let retry = RetryConfig { max_retries: RETRIES, retry_timeout: timeout, ..RetryConfig::default() };
    let client = ClientOptions::new().with_timeout(timeout).with_connect_timeout(timeout);
    let mut builder = AmazonS3Builder::new().with_client_options(client).with_retry(retry);
    for (variable, value) in variables {
        // An empty variable is one that is not set: compose files make them.
        let key = variable.starts_with("AWS_").then(|| variable.to_ascii_lowercase().parse());
        if let (Some(Ok(key)), false) = (key, value.is_empty()) {
            builder = builder.with_config(key, value);
        }
    }
    let builder = builder.with_bucket_name(name);
    is_allowed(&builder)?;
    let store = builder.build().map_err(|_| "the variables AWS_… do not fit together")?;
    Ok(if prefix.as_ref().is_empty() {
        Arc::new(store)
    } else {
        Arc::new(PrefixStore::new(store, prefix.clone()))
    })
}

/// What is stored must not go over the network in the clear by mistake.
fn is_allowed(builder: &AmazonS3Builder) -> Result<(), &'static str> {
    let value = |key: AmazonS3ConfigKey| builder.get_config_value(&key).unwrap_or_default();
    let in_clear = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint]
        .into_iter()
        .any(|key| value(key).starts_with("http:"));
    let allowed = value(AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp));
    if in_clear && !["true", "1"].contains(&allowed.as_str()) {
        return Err("AWS_ENDPOINT_URL is not https: set AWS_ALLOW_HTTP=true where that is safe");
    }
    Ok(())
}

/// Whether there is no such bucket.
#[must_use]
pub fn is_missing(error: &object_store::Error) -> bool {
    code(error).as_deref() == Some("NoSuchBucket")
}

/// Why a call failed, without the request.
#[must_use]
pub fn why(error: &object_store::Error) -> String {
    use object_store::Error::{NotFound, PermissionDenied, Unauthenticated};
    let code = code(error);
    let why = match (error, http(error)) {
        (NotFound { .. }, _) => "there is no such bucket",
        (PermissionDenied { .. } | Unauthenticated { .. }, _) => {
            "access is denied: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the bucket's policy"
        }
        (_, Some(HttpErrorKind::Connect)) => "it cannot be reached: check AWS_ENDPOINT_URL",
        (_, Some(HttpErrorKind::Timeout)) => "it does not answer in time",
        _ if code.is_some() => "it fails",
        _ => "it fails, or there are no credentials for it",
    };
    let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
    format!("{why}{code}")
}

/// The store's own code of the error, such as `NoSuchBucket`.
fn code(error: &object_store::Error) -> Option<String> {
    let text = error.to_string();
    let (code, _) = text.split_once("<Code>")?.1.split_once("</Code>")?;
    let fits = (1..=LONGEST_CODE).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric());
    fits.then(|| code.to_owned())
}

fn http(error: &object_store::Error) -> Option<HttpErrorKind> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(http) = error.downcast_ref::<HttpError>() {
            return Some(http.kind());
        }
        cause = error.source();
    }
    None
}
