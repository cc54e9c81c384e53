//! A real mail server (aiosmtpd), as a child process, with one mailbox for everybody: a folder with a file a letter.

use std::path::PathBuf;

use orderflow_stack::free_port;
use orderflow_tests::{eventually, sources};
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
};

/// The version; its licence is Apache-2.0.
const PACKAGE: &str = "aiosmtpd==1.4.6";

/// The mail server. Gone when dropped.
pub struct MailServer {
    pub port: u16,
    folder: TempDir,
    _process: Child,
}

impl MailServer {
    /// A server that takes every letter. `None`, with the reason printed, where there is no Python with pip.
    pub async fn start() -> Option<Self> {
        let Some(package) = package().await else {
            eprintln!("skipped: {PACKAGE} needs python3 with pip");
            return None;
        };
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port().unwrap());
        let mailbox = folder.path().join("mail");
        let process = Command::new("python3")
            .args(["-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{port}"), "-c"])
            .arg("aiosmtpd.handlers.Mailbox")
            .arg(&mailbox)
            .env("PYTHONPATH", package)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        eventually("a mail server", async || {
            TcpStream::connect(("127.0.0.1", port)).await.map(drop).map_err(|error| error.to_string())
        })
        .await;
        Some(Self { port, folder, _process: process })
    }

    /// Every letter that came, its long lines made whole (RFC 2045, section 6.7).
    pub fn letters(&self) -> Vec<String> {
        let Ok(files) = std::fs::read_dir(self.folder.path().join("mail/new")) else { return Vec::new() };
        let letters = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        letters.map(|letter| letter.replace("=\r\n", "").replace("=\n", "")).collect()
    }

    /// Waits until so many have come.
    pub async fn has_taken(&self, count: usize) -> Vec<String> {
        eventually(&format!("{count} letters"), async || {
            let letters = self.letters();
            if letters.len() >= count { Ok(letters) } else { Err(letters.len()) }
        })
        .await
    }
}

/// A folder with the package, fetched once.
async fn package() -> Option<PathBuf> {
    let folder = sources::workspace().join("target/native/aiosmtpd");
    if !folder.join("aiosmtpd").is_dir() {
        let fetched = tempfile::tempdir_in(sources::workspace().join("target")).unwrap();
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-compile", PACKAGE, "--target"])
            .arg(fetched.path());
        if !pip.status().await.ok()?.success() {
            return None;
        }
        std::fs::create_dir_all(folder.parent()?).ok()?;
        // Another test may have been quicker.
        let _ = std::fs::rename(fetched.keep(), &folder);
    }
    folder.join("aiosmtpd").is_dir().then_some(folder)
}
