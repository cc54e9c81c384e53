//! A real Chromium, as a person uses it: over WebDriver (<https://www.w3.org/TR/webdriver2/>), which is JSON over HTTP.

use std::{fs, path::PathBuf};

use orderflow_stack::{Process, Spec};
use orderflow_tests::eventually;
use reqwest::Client;
use serde_json::{Value, json};

/// What it is called, by Debian and by others.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// Under this name a driver tells an element's id: section 12.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one page open.
pub struct Browser {
    http: Client,
    /// The session's address.
    session: String,
    driver: Process,
    _folder: tempfile::TempDir,
}

impl Browser {
    /// Opens this address; `None`, with the reason printed, where there is no Chromium.
    pub async fn open(url: &str) -> Option<Self> {
        let (Some(program), Some(browser)) = (found("chromedriver"), BROWSERS.into_iter().find_map(found))
        else {
            eprintln!(
                "skipped: no Chromium (apt-get install -y --no-install-recommends chromium chromium-driver)"
            );
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("chromedriver.log");
        let args = vec!["--port=0".to_owned()];
        // In a process group of its own, which ends with it: Chromium is in it, too.
        let spec =
            Spec { name: "chromedriver".to_owned(), program, args, log: log.clone(), ..Spec::default() };
        let driver = Process::start(&spec).unwrap();
        let address = eventually("chromedriver to listen", async || {
            let said = fs::read_to_string(&log).unwrap_or_default();
            let port = said.split("successfully on port ").nth(1).and_then(|rest| rest.split('.').next());
            port.map(|port| format!("http://127.0.0.1:{port}")).ok_or(said)
        })
        .await;
        let wanted = json!({
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "binary": browser,
                // Nothing but our own page is opened; in a container Chromium has no sandbox of its own.
                "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                    "--no-proxy-server", "--window-size=1280,900",
                    format!("--user-data-dir={}", folder.path().join("profile").display())],
            },
        });
        let http = Client::builder().no_proxy().build().unwrap();
        let wanted = json!({ "capabilities": { "alwaysMatch": wanted } });
        let answer = told(&http, &format!("{address}/session"), &wanted).await.unwrap();
        let session = format!("{address}/session/{}", answer["sessionId"].as_str().unwrap());
        let browser = Self { http, session, driver, _folder: folder };
        browser.tell("url", &json!({ "url": url })).await.unwrap();
        Some(browser)
    }

    /// What a script returns.
    pub async fn run(&self, script: &str) -> Value {
        self.tell("execute/sync", &json!({ "script": script, "args": [] })).await.unwrap()
    }

    /// Waits until what this selector finds says these words.
    pub async fn says(&self, selector: &str, words: &str) {
        let script = format!(
            "return [...document.querySelectorAll({})].map((node) => node.innerText).join('\\n')",
            json!(selector)
        );
        eventually(&format!("{selector} to say: {words}"), async || {
            let said = self.run(&script).await;
            let said = said.as_str().unwrap_or_default();
            if said.contains(words) { Ok(()) } else { Err(said.to_owned()) }
        })
        .await;
    }

    /// Waits until this selector finds nothing that is shown.
    pub async fn has_no(&self, selector: &str) {
        let script = format!(
            "return [...document.querySelectorAll({})].filter((node) => node.checkVisibility()).length",
            json!(selector)
        );
        eventually(&format!("{selector} to be gone"), async || match self.run(&script).await.as_i64() {
            Some(0) => Ok(()),
            some => Err(format!("{some:?}")),
        })
        .await;
    }

    /// Clicks on what this selector finds, once it is there.
    pub async fn click(&self, selector: &str) {
        eventually(&format!("{selector} to be clicked"), async || {
            let element = self.find(selector).await?;
            self.tell(&format!("{element}/click"), &json!({})).await
        })
        .await;
    }

    /// Types into a field, once it is there, in place of what it holds.
    pub async fn type_into(&self, selector: &str, text: &str) {
        eventually(&format!("{selector} to take text"), async || {
            let element = self.find(selector).await?;
            self.tell(&format!("{element}/clear"), &json!({})).await?;
            self.tell(&format!("{element}/value"), &json!({ "text": text })).await
        })
        .await;
    }

    async fn find(&self, selector: &str) -> Result<String, String> {
        let found = self.tell("element", &json!({ "using": "css selector", "value": selector })).await?;
        found[ELEMENT].as_str().map(|id| format!("element/{id}")).ok_or_else(|| found.to_string())
    }

    /// Has the page be as wide as this, in CSS pixels.
    pub async fn be_wide(&self, width: u32) {
        let params = json!({ "width": width, "height": 740, "deviceScaleFactor": 1, "mobile": true });
        let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": params });
        self.tell("goog/cdp/execute", &command).await.unwrap();
    }

    /// Errors and warnings on the console since it was asked last, breaches of the policy among them. Each request that
    /// was refused is there, too: those are left out.
    pub async fn complaints(&self) -> Vec<Value> {
        let said = self.tell("se/log", &json!({ "type": "browser" })).await.unwrap();
        let all = said.as_array().cloned().unwrap_or_default();
        let is_one = |entry: &Value| {
            entry["source"] != "network"
                && ["SEVERE", "WARNING"].contains(&entry["level"].as_str().unwrap_or_default())
        };
        all.into_iter().filter(is_one).collect()
    }

    /// Closes it.
    pub async fn close(self) {
        self.http.delete(&self.session).send().await.unwrap().error_for_status().unwrap();
        self.driver.kill_9();
    }

    async fn tell(&self, command: &str, body: &Value) -> Result<Value, String> {
        told(&self.http, &format!("{}/{command}", self.session), body).await
    }
}

/// What a driver answers to a command, or why it does not do it.
async fn told(http: &Client, url: &str, body: &Value) -> Result<Value, String> {
    let answer = http.post(url).json(body).send().await.map_err(|error| error.to_string())?;
    let is_done = answer.status().is_success();
    let mut answer: Value = answer.json().await.map_err(|error| error.to_string())?;
    let value = answer["value"].take();
    if is_done { Ok(value) } else { Err(format!("{}: {}", value["error"], value["message"])) }
}

/// A program on the path.
fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
