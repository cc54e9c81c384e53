//! A broker's second listener: over TLS, for a user with a password (SASL_SSL, SCRAM-SHA-512), as managed ones have it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use uuid::Uuid;

use super::super::downloads::{Installed, format_kafka};
use super::super::folder::Folder;
use super::node::setting;
use crate::logs::tail;
use crate::ports::free_port;
use crate::processes::{Process, Spec};

const LISTENER: &str = "SASL_SSL://";
const ADVERTISED: &str = "advertised.listeners";
const USER: &str = "shop";
const ALIAS: &str = "broker";
/// Java's start and one key.
const MADE_WITHIN: Duration = Duration::from_secs(60);

/// The way to a broker over TLS, as a user.
#[derive(Clone, Debug)]
pub struct Guarded {
    /// `host:port` of its listener.
    pub bootstrap: String,
    /// The only user it knows.
    pub user: String,
    /// That user's password, made anew for each broker.
    pub password: String,
    /// The certificate (PEM) it shows, which signs itself.
    pub ca: PathBuf,
    /// That certificate and its private key (PKCS #12), under the same password.
    pub keystore: PathBuf,
}

/// What a broker needs for it before it starts: a certificate, and a data folder that knows the user.
pub(in crate::servers) struct Guard {
    keystore: PathBuf,
    ca: PathBuf,
    password: String,
    /// What the broker's data folder is a copy of.
    pub(super) formatted: PathBuf,
}

impl Guard {
    pub(in crate::servers) async fn prepare(installed: &Installed, folder: &Folder) -> Result<Self> {
        let folder = folder.path().join("guard");
        std::fs::create_dir_all(&folder)?;
        let guard = Self {
            keystore: folder.join("keystore.p12"),
            ca: folder.join("ca.pem"),
            password: Uuid::new_v4().simple().to_string(),
            formatted: folder.join("formatted"),
        };
        let user = format!("SCRAM-SHA-512=[name={USER},password={}]", guard.password);
        let user = ["--add-scram".to_owned(), user];
        tokio::try_join!(
            guard.make_certificate(&installed.java, &folder),
            format_kafka(installed, &folder, &guard.formatted, &user),
        )?;
        Ok(guard)
    }

    /// Java's own tool is there wherever a broker can be.
    async fn make_certificate(&self, java: &Path, folder: &Path) -> Result<()> {
        let store = |command: &str| {
            let keystore = self.keystore.display().to_string();
            [command, "-alias", ALIAS, "-keystore", &keystore, "-storepass", &self.password]
                .map(str::to_owned)
                .to_vec()
        };
        let tool = java.canonicalize()?.with_file_name("keytool");
        let run = async |more: &[&str], mut args: Vec<String>| -> Result<()> {
            args.extend(more.iter().map(|&arg| arg.to_owned()));
            let spec = Spec {
                name: "keytool".to_owned(),
                program: tool.clone(),
                args,
                log: folder.join("keytool.log"),
                ..Spec::default()
            };
            let status = Process::start(&spec)?.wait(MADE_WITHIN).await?;
            ensure!(status.success(), "no certificate could be made:\n{}", tail(&spec.log));
            Ok(())
        };
        let name = ["-dname", "CN=localhost", "-ext", "SAN=IP:127.0.0.1,DNS:localhost"];
        let kind = ["-keyalg", "EC", "-groupname", "secp256r1", "-validity", "2", "-storetype", "PKCS12"];
        run(&[&kind[..], &name].concat(), store("-genkeypair")).await?;
        run(&["-rfc", "-file", &self.ca.display().to_string()], store("-exportcert")).await
    }

    /// Settings behind the others: of a setting's lines the last counts.
    pub(super) fn properties(&self, port: u16, controller: &str) -> Result<String> {
        let (guarded, keystore, password) = (free_port()?, self.keystore.display(), &self.password);
        Ok(format!(
            "
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://{controller},{LISTENER}127.0.0.1:{guarded}
{ADVERTISED}=PLAINTEXT://127.0.0.1:{port},{LISTENER}127.0.0.1:{guarded}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PKCS12
ssl.keystore.location={keystore}
ssl.keystore.password={password}
ssl.key.password={password}
"
        ))
    }

    /// The way to the broker that runs with these settings: by them, since it may have had to try several ports.
    pub(in crate::servers) fn way(self, folder: &Folder) -> Result<Guarded> {
        let settings = folder.path().join(super::first_name()).with_extension("properties");
        let listeners = setting(&settings, ADVERTISED)?;
        let (_, bootstrap) = listeners.split_once(LISTENER).context("the broker has no listener over TLS")?;
        Ok(Guarded {
            bootstrap: bootstrap.to_owned(),
            user: USER.to_owned(),
            password: self.password,
            ca: self.ca,
            keystore: self.keystore,
        })
    }
}
