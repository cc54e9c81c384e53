//! E-mail to customers: their address is opened for each attempt, and stands nowhere but in the letter itself.

use std::sync::Arc;

use anyhow::{Context, Result};
use async_trait::async_trait;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{self, PoolConfig, authentication::Credentials},
};
use orderflow::{
    events::{EMAIL, NotificationDue, Subscription},
    fault::{Consequence, Fault},
    sealed::{OpeningKeys, Person, open},
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    config::{MailSettings, SmtpTls},
    courier::Courier,
    letters,
    verdict::Answer,
};

/// Replies by which a mail server says for good that it does not take a letter (RFC 5321, section 4.2.3). Others, such as a
/// refused password, are ours to mend.
const FOR_GOOD: std::ops::RangeInclusive<u16> = 550..=553;

/// How long a letter waits while it is not known whether its customer was erased.
const KEYS_BEHIND: std::time::Duration = std::time::Duration::from_secs(1);

/// Sends letters.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    keys: Arc<dyn OpeningKeys>,
    from: Mailbox,
    shop: String,
}

impl Mailer {
    /// A client of the mail server in the settings; nothing is sent yet. `None`: there is no mail server.
    ///
    /// # Errors
    /// When the settings make no sense, or the password's file cannot be read.
    pub fn new(settings: &MailSettings, keys: Arc<dyn OpeningKeys>) -> Result<Option<Self>> {
        let Some(host) = settings.smtp_host.as_deref().filter(|host| !host.is_empty()) else {
            return Ok(None);
        };
        let builder = match settings.smtp_tls {
            SmtpTls::Starttls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host),
            SmtpTls::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(host),
            SmtpTls::None => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)),
        };
        let mut builder = builder.context("SMTP_HOST is no name of a mail server")?;
        if let Some(port) = settings.smtp_port {
            builder = builder.port(port);
        }
        if let Some(user) = &settings.smtp_user {
            let password =
                password(settings)?.context("SMTP_USER needs SMTP_PASSWORD_FILE or SMTP_PASSWORD")?;
            builder =
                builder.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
        }
        let transport = builder
            .timeout(Some(settings.smtp_timeout))
            .pool_config(PoolConfig::new().max_size(settings.smtp_concurrency.into()))
            .build();
        let from = settings.mail_from.parse().context("MAIL_FROM is no address of e-mail")?;
        Ok(Some(Self { transport, keys, from, shop: settings.shop_name.clone() }))
    }

    /// Whom to write to. `None`: they were erased.
    async fn addressee(&self, due: &NotificationDue) -> Result<Option<Person>, Fault> {
        let missing = || Fault::poison("sealed_unreadable", "a letter has no addressee");
        let sealed = due.sealed.as_ref().ok_or_else(missing)?;
        let order_id = due.order_id.parse().map_err(|_| missing())?;
        let Some(key) = self.keys.find(&due.customer_id, sealed.key_id).await? else { return Ok(None) };
        open(&key, order_id, sealed).map(Some)
    }

    fn message(&self, due: &NotificationDue, person: &Person) -> Result<Option<Message>, Fault> {
        let Ok(address) = person.email.parse() else { return Ok(None) };
        let letter = letters::write(&due.event_type, &due.body, person, &self.shop)?;
        // The same for each attempt, so that a mailbox shows a letter once.
        let id = format!("<{}@{}>", due.event_id, self.from.email.domain());
        let by_machine = HeaderName::new_from_ascii_str("Auto-Submitted");
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .message_id(Some(id))
            .raw_header(HeaderValue::new(by_machine, "auto-generated".to_owned()))
            .subject(letter.subject)
            .multipart(MultiPart::alternative_plain_html(letter.text, letter.html));
        message.map(Some).map_err(|_| Fault::poison("letter_unwritable", "a letter cannot be put together"))
    }

    async fn send(&self, due: &NotificationDue) -> Result<Answer, Fault> {
        let Some(person) = self.addressee(due).await? else { return Ok(Answer::Refused("erased")) };
        let Some(message) = self.message(due, &person)? else { return Ok(Answer::Refused("bad_address")) };
        Ok(match self.transport.send(message).await {
            Ok(_) => Answer::Taken { status: 0 },
            Err(error) => answered(&error, due),
        })
    }
}

#[async_trait]
impl Courier for Mailer {
    fn channel(&self) -> &'static str {
        EMAIL
    }

    async fn tell(&self, due: &NotificationDue, _: &Subscription) -> Answer {
        match self.send(due).await {
            Ok(answer) => answer,
            Err(fault) => {
                tracing::warn!(event_id = %due.event_id, code = fault.code(), %fault, "a letter cannot be written");
                match fault.consequence() {
                    Consequence::Poison => Answer::Refused("unwritable"),
                    _ => Answer::Untried(KEYS_BEHIND),
                }
            }
        }
    }

    /// One letter that nobody takes says nothing about the others.
    fn gives_up_endpoints(&self) -> bool {
        false
    }
}

/// What an error of the mail server means. What it says is not repeated: it may name whom we write to.
fn answered(error: &smtp::Error, due: &NotificationDue) -> Answer {
    let reply = error.status().map(u16::from);
    tracing::info!(event_id = %due.event_id, reply, is_timeout = error.is_timeout(), "a letter is not taken");
    match reply {
        Some(reply) if FOR_GOOD.contains(&reply) => Answer::Refused("refused_by_mail_server"),
        _ => Answer::NotNow { status: 0, after: None },
    }
}

fn password(settings: &MailSettings) -> Result<Option<SecretString>> {
    let Some(path) = &settings.smtp_password_file else { return Ok(settings.smtp_password.clone()) };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the mail server's password from {}", path.display()))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned().into()))
}
