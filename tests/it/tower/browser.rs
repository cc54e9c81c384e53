//! A real Chromium, as a person uses it.

use std::{fs, path::PathBuf};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use orderflow_stack::{Process, Spec};
use orderflow_tests::eventually;
use serde_json::{Value, json};

/// What it is called, by Debian and by others.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A browser with one page open.
pub struct Browser {
    client: Client,
    driver: Process,
    address: String,
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
        let Value::Object(wanted) = json!({
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "binary": browser,
                // Nothing but our own page is opened; in a container Chromium has no sandbox of its own.
                "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                    "--no-proxy-server", "--window-size=1280,900",
                    format!("--user-data-dir={}", folder.path().join("profile").display())],
            },
        }) else {
            unreachable!("an object")
        };
        let client =
            ClientBuilder::new(HttpConnector::new()).capabilities(wanted).connect(&address).await.unwrap();
        let browser = Self { client, driver, address, _folder: folder };
        browser.goto(url).await;
        Some(browser)
    }

    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// What a script returns.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
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
            let found = self.client.find(Locator::Css(selector)).await.map_err(|error| error.to_string())?;
            found.click().await.map_err(|error| error.to_string())
        })
        .await;
    }

    /// Types into a field, in place of what it holds.
    pub async fn type_into(&self, selector: &str, text: &str) {
        let field = self.client.wait().for_element(Locator::Css(selector)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Has the page be as wide as this, in CSS pixels.
    pub async fn be_wide(&self, width: u32) {
        let params = json!({ "width": width, "height": 740, "deviceScaleFactor": 1, "mobile": true });
        self.tell(
            "goog/cdp/execute",
            json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": params }),
        )
        .await;
    }

    /// Errors and warnings on the console since it was asked last, breaches of the policy among them. Each request that
    /// was refused is there, too: those are left out.
    pub async fn complaints(&self) -> Vec<Value> {
        let said = self.tell("se/log", json!({ "type": "browser" })).await;
        let all = said["value"].as_array().cloned().unwrap_or_default();
        let is_one = |entry: &Value| {
            entry["source"] != "network"
                && ["SEVERE", "WARNING"].contains(&entry["level"].as_str().unwrap_or_default())
        };
        all.into_iter().filter(is_one).collect()
    }

    /// What the driver takes beside what every driver takes.
    async fn tell(&self, command: &str, body: Value) -> Value {
        let session = self.client.session_id().await.unwrap().unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/session/{session}/{command}", self.address);
        http.post(url).json(&body).send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }

    /// Closes it.
    pub async fn close(self) {
        self.client.close().await.unwrap();
        self.driver.kill_9();
    }
}

/// A program on the path.
fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
