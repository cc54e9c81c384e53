//! A mail server that takes every letter (RFC 5321, as much of it as a client needs), one mailbox for all.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// The server. Gone when dropped.
pub struct MailServer {
    pub port: u16,
    letters: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

impl MailServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, letters) = (listener.local_addr().unwrap().port(), Arc::<Mutex<Vec<String>>>::default());
        let mailbox = Arc::clone(&letters);
        let serving = JoinSet::from_iter([async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // One after the other: clients that wait are served next.
                if let Some(letter) = talk(stream).await {
                    mailbox.lock().unwrap().push(letter);
                }
            }
        }]);
        Self { port, letters, _serving: serving }
    }

    /// Every letter with what was said before it, its long lines made whole (RFC 2045, section 6.7).
    pub fn letters(&self) -> Vec<String> {
        let letters = self.letters.lock().unwrap();
        letters.iter().map(|letter| letter.replace("=\r\n", "")).collect()
    }
}

/// Takes one letter.
async fn talk(stream: TcpStream) -> Option<String> {
    let (reading, mut writing) = stream.into_split();
    let (mut reading, mut said) = (BufReader::new(reading), String::new());
    writing.write_all(b"220 here\r\n").await.ok()?;
    loop {
        let mut line = String::new();
        reading.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
        said.push_str(&line);
        let reply: &[u8] = match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "DATA" => b"354 go on\r\n",
            "QUIT" => b"221 bye\r\n",
            _ => b"250 good\r\n",
        };
        writing.write_all(reply).await.ok()?;
        if line.to_ascii_uppercase().starts_with("DATA") {
            while !said.ends_with("\r\n.\r\n") {
                reading.read_line(&mut said).await.ok().filter(|read| *read > 0)?;
            }
            writing.write_all(b"250 taken\r\n").await.ok()?;
            return Some(said);
        }
    }
}
