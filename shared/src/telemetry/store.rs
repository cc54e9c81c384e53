//! Questions to Redis, each a span below what is being done.

use redis::RedisResult;

use super::{Kind, begin, names};

/// Asks Redis; `operation` is the command, `script` the hash of the script, where it is one.
///
/// # Errors
/// Those of the question.
pub async fn redis<T>(
    operation: &'static str,
    script: Option<&str>,
    question: impl Future<Output = RedisResult<T>>,
) -> RedisResult<T> {
    let mut span = begin(Kind::Client, operation, None);
    if span.is_on() {
        span.set(names::DB_SYSTEM, "redis");
        span.set(names::DB_OPERATION, operation);
        if let Some(script) = script {
            span.set(names::DB_SCRIPT, script.to_owned());
        }
    }
    let answer = question.await;
    span.end(answer.as_ref().err().map(|error| error.code().unwrap_or("unavailable").to_owned()));
    answer
}
