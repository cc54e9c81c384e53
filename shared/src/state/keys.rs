//! Many keys at once, without stopping Redis for them.

use redis::aio::ConnectionManager;

use crate::fault::Fault;

/// Keys looked at in one question.
const PAGE: usize = 1_000;

/// The next keys that match a pattern, and the cursor to go on with: 0 at the end. A key may come twice.
pub(super) async fn page(
    redis: &mut ConnectionManager,
    pattern: &str,
    cursor: u64,
) -> Result<(u64, Vec<Vec<u8>>), Fault> {
    let mut scan = redis::cmd("SCAN");
    scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(PAGE);
    Ok(scan.query_async(redis).await?)
}

/// Removes the keys that match a pattern and are meant.
pub(super) async fn unlink(
    redis: &mut ConnectionManager,
    pattern: &str,
    is_meant: impl Fn(&[u8]) -> bool,
) -> Result<(), Fault> {
    let mut cursor = 0;
    loop {
        let (next, mut keys) = page(redis, pattern, cursor).await?;
        keys.retain(|key| is_meant(key));
        if !keys.is_empty() {
            let () = redis::cmd("UNLINK").arg(keys).query_async(redis).await?;
        }
        if next == 0 {
            return Ok(());
        }
        cursor = next;
    }
}
