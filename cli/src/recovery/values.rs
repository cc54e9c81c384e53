//! What keys hold, in one form for every type: entries by name.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use redis::{Value, aio::ConnectionManager, from_redis_value};

/// What a key holds: a hash's fields, a set's members, a sorted set's members and scores, a list's entries by their index; a
/// string is one entry without a name. Nothing, where there is no such key.
pub type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// What these keys hold, in their order.
///
/// # Errors
/// When Redis does not answer, or holds a type that no service uses.
pub async fn read(redis: &mut ConnectionManager, keys: &[Vec<u8>]) -> Result<Vec<Entries>> {
    let mut types = redis::pipe();
    for key in keys {
        types.cmd("TYPE").arg(key);
    }
    let types: Vec<String> = types.query_async(redis).await?;
    let mut questions = redis::pipe();
    for (key, kind) in keys.iter().zip(&types) {
        match kind.as_str() {
            "hash" => questions.cmd("HGETALL").arg(key),
            "set" => questions.cmd("SMEMBERS").arg(key),
            "zset" => questions.cmd("ZRANGE").arg(key).arg(0).arg(-1).arg("WITHSCORES"),
            "list" => questions.cmd("LRANGE").arg(key).arg(0).arg(-1),
            "string" => questions.cmd("GET").arg(key),
            "none" => questions.cmd("EXISTS").arg(key),
            other => bail!("`{}` is a {other}, which no service uses", String::from_utf8_lossy(key)),
        };
    }
    let answers: Vec<Value> = questions.query_async(redis).await?;
    types.iter().zip(answers).map(|(kind, answer)| entries(kind, answer)).collect()
}

fn entries(kind: &str, answer: Value) -> Result<Entries> {
    Ok(match kind {
        "none" => Entries::new(),
        // Gone, or another type, since its type was asked for: the next look tells.
        _ if answer == Value::Nil => Entries::new(),
        "string" => [(Vec::new(), from_redis_value(answer)?)].into(),
        "set" => from_redis_value::<Vec<Vec<u8>>>(answer)?.into_iter().map(|one| (one, Vec::new())).collect(),
        "list" => {
            let all: Vec<Vec<u8>> = from_redis_value(answer)?;
            all.into_iter().enumerate().map(|(index, one)| (index.to_string().into_bytes(), one)).collect()
        }
        _ => from_redis_value::<Vec<(Vec<u8>, Vec<u8>)>>(answer)?.into_iter().collect(),
    })
}

/// For how many more seconds each of these keys lives: -1 for ever, -2 where there is none.
///
/// # Errors
/// When Redis does not answer.
pub async fn lives(redis: &mut ConnectionManager, keys: &[Vec<u8>]) -> Result<Vec<i64>> {
    let mut questions = redis::pipe();
    for key in keys {
        questions.cmd("TTL").arg(key);
    }
    Ok(questions.query_async(redis).await?)
}

/// An entry as it is shown: text where it is text, short, and never a payment token.
pub fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 120;
    let described = || format!("({} bytes)", bytes.len());
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains("payment_token") || text.chars().any(char::is_control) => described(),
        Ok(text) if text.len() <= MOST => text.to_owned(),
        Ok(text) => format!("{}… {}", text.chars().take(MOST).collect::<String>(), described()),
        Err(_) => described(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_or_no_text_is_described_and_not_shown() {
        assert_eq!(shown(b"17"), "17");
        assert_eq!(shown(br#"{"payment_token":"tok_1"}"#), "(25 bytes)");
        assert_eq!(shown(&[0x93, 0xff]), "(2 bytes)");
        let long = shown("x".repeat(500).as_bytes());
        assert!(long.ends_with("… (500 bytes)") && long.len() < 160, "{long}");
    }
}
