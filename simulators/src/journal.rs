//! Makes lines durable: one thread, one fsync for everything that waits at that moment.
//!
//! While an fsync runs, new lines queue; the next fsync covers all of them. So throughput grows
//! with concurrency, and no answer goes out before its line would survive a power cut.

use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::ledger::LedgerError;

/// Where lines go, and how they become durable.
pub trait Sink: Write + Send + 'static {
    /// Returns once everything written survives a crash.
    ///
    /// # Errors
    /// What the system said; the lines may then be lost.
    fn sync(&mut self) -> io::Result<()>;
}

impl Sink for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

struct Queued {
    sequence: u64,
    line: Vec<u8>,
}

#[derive(Clone, Default)]
struct Progress {
    durable: u64,
    failure: Option<String>,
}

/// The one writer of a ledger file. Dropping it waits for the lines it holds.
pub struct Journal {
    queue: Option<Sender<Queued>>,
    progress: watch::Receiver<Progress>,
    writer: Option<JoinHandle<()>>,
}

impl Journal {
    /// Starts the writer behind the line `last` of the file.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(sink: impl Sink, last: u64) -> io::Result<Self> {
        let (queue, queued) = channel();
        let (report, progress) = watch::channel(Progress { durable: last, failure: None });
        let writer = std::thread::Builder::new()
            .name("ledger".into())
            .spawn(move || write_all(sink, &queued, &report))?;
        Ok(Self { queue: Some(queue), progress, writer: Some(writer) })
    }

    /// Queues the line (without its newline). Lines must come in the order of their sequence.
    pub fn append(&self, sequence: u64, mut line: Vec<u8>) {
        line.push(b'\n');
        if let Some(queue) = &self.queue {
            // A writer that is gone has reported its failure, which `settled` answers.
            let _ = queue.send(Queued { sequence, line });
        }
    }

    /// Waits until the line `sequence` and all before it are durable.
    ///
    /// # Errors
    /// [`LedgerError::Broken`] when they never will be.
    pub async fn settled(&self, sequence: u64) -> Result<(), LedgerError> {
        let mut progress = self.progress.clone();
        let reached = progress.wait_for(|now| now.durable >= sequence || now.failure.is_some()).await;
        match reached {
            Ok(now) if now.durable >= sequence => Ok(()),
            Ok(now) => Err(LedgerError::Broken(now.failure.clone().unwrap_or_default())),
            Err(_) => Err(LedgerError::Broken("the writer has ended".into())),
        }
    }

    /// Waits for the failure that ends this journal; does not return while it works.
    pub async fn broken(&self) -> LedgerError {
        match self.settled(u64::MAX).await {
            Err(error) => error,
            Ok(()) => LedgerError::Broken("the sequence is used up".into()),
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            // A panic of the writer was reported when it happened.
            let _ = writer.join();
        }
    }
}

fn write_all(mut sink: impl Sink, queued: &Receiver<Queued>, report: &watch::Sender<Progress>) {
    while let Ok(first) = queued.recv() {
        let mut sequence = first.sequence;
        let mut lines = first.line;
        for next in queued.try_iter() {
            sequence = next.sequence;
            lines.extend_from_slice(&next.line);
        }
        match sink.write_all(&lines).and_then(|()| sink.sync()) {
            Ok(()) => report.send_modify(|progress| progress.durable = sequence),
            Err(error) => {
                // The file may end in half a line now, so nothing may follow it.
                report.send_modify(|progress| progress.failure = Some(error.to_string()));
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Disk {
        syncs: Arc<Mutex<Vec<usize>>>,
        written: Arc<Mutex<Vec<u8>>>,
        /// Held by a test to keep the disk busy.
        busy: Arc<Mutex<()>>,
        full: bool,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.full {
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Sink for Disk {
        fn sync(&mut self) -> io::Result<()> {
            let _busy = self.busy.lock().unwrap();
            let lines = self.written.lock().unwrap().iter().filter(|b| **b == b'\n').count();
            self.syncs.lock().unwrap().push(lines);
            Ok(())
        }
    }

    #[tokio::test]
    async fn lines_that_wait_together_share_one_sync() {
        let disk = Disk::default();
        let journal = Journal::start(disk.clone(), 0).unwrap();
        {
            let _busy = disk.busy.lock().unwrap();
            for sequence in 1..=100 {
                journal.append(sequence, b"{}".to_vec());
            }
        }
        journal.settled(100).await.unwrap();
        let syncs = disk.syncs.lock().unwrap().clone();
        assert!(syncs.len() <= 2, "at most the first alone and the rest together: {syncs:?}");
        assert_eq!(syncs.last(), Some(&100));
    }

    #[tokio::test]
    async fn a_full_disk_is_an_error_and_ends_the_journal() {
        let journal = Journal::start(Disk { full: true, ..Disk::default() }, 7).unwrap();
        journal.settled(7).await.unwrap();
        journal.append(8, b"{}".to_vec());
        assert!(matches!(journal.settled(8).await, Err(LedgerError::Broken(_))));
        journal.append(9, b"{}".to_vec());
        assert!(matches!(journal.broken().await, LedgerError::Broken(_)));
    }

    #[test]
    fn dropping_the_journal_keeps_what_was_queued() {
        let disk = Disk::default();
        let journal = Journal::start(disk.clone(), 0).unwrap();
        journal.append(1, b"{}".to_vec());
        drop(journal);
        assert_eq!(disk.written.lock().unwrap().as_slice(), b"{}\n");
    }
}
