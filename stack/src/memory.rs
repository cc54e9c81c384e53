//! What a process holds of the machine's memory.

use anyhow::{Context, Result};

/// Memory of a process in bytes, as the kernel counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Resident now (`VmRSS`).
    pub resident: u64,
    /// Resident at most (`VmHWM`).
    pub peak: u64,
}

impl Memory {
    /// Of the process `pid`.
    ///
    /// # Errors
    /// When it has ended, or on a system without `/proc`.
    pub fn of(pid: u32) -> Result<Self> {
        let path = format!("/proc/{pid}/status");
        let status = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        let bytes = |field| kilobytes(&status, field).map(|kb| kb * 1024);
        let both = bytes("VmRSS:").zip(bytes("VmHWM:"));
        // One that ended and is not reaped yet has a status without memory.
        both.map(|(resident, peak)| Self { resident, peak }).with_context(|| format!("{path} shows none"))
    }
}

fn kilobytes(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
