//! The control tower's page as it is served.

use std::{collections::BTreeSet, fs, io::Read, path::Path};

use axum::{
    body::{Bytes, to_bytes},
    http::{HeaderMap, Method, StatusCode},
};

use super::fixture::Fixture;

const BROWSER: (&str, &str) =
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8");

async fn open(service: &Fixture, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Bytes) {
    let (parts, body) = service.open(Method::GET, path, headers, "").await.into_parts();
    (parts.status, parts.headers, to_bytes(body, usize::MAX).await.unwrap())
}

/// What the page is made of.
fn sources() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[tokio::test]
async fn a_browser_is_sent_to_the_page_and_a_program_is_not() {
    let Some(service) = Fixture::start().await else { return };
    let (status, headers, _) = open(&service, "/", &[BROWSER]).await;
    assert_eq!((status.as_u16(), &headers["location"]), (303, &"/ui/".parse().unwrap()));
    for accept in ["*/*", "application/json", "application/json, text/html;q=0.9", "text/html;q=0, */*"] {
        let (status, headers, _) = open(&service, "/", &[("accept", accept)]).await;
        assert_eq!((status.as_u16(), &headers["content-type"]), (200, &"application/json".parse().unwrap()));
        assert_eq!(headers["vary"], "accept");
    }
    assert_eq!(open(&service, "/", &[]).await.0, 200);
    assert_eq!(open(&service, "/ui", &[]).await.0, 308);
}

#[tokio::test]
async fn every_file_of_the_page_is_guarded_and_comes_once_and_small() {
    let Some(service) = Fixture::start().await else { return };
    let mut total = 0;
    for (name, source) in sources() {
        let path = if name == "index.html" { "/ui/".to_owned() } else { format!("/ui/{name}") };
        let (status, headers, body) = open(&service, &path, &[("accept-encoding", "br, gzip")]).await;
        assert_eq!(
            (status.as_u16(), &headers["content-encoding"]),
            (200, &"gzip".parse().unwrap()),
            "{name}"
        );
        total += body.len();
        let mut plain = String::new();
        flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut plain).unwrap();
        assert_eq!(plain, source, "{name}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(
            (&headers["cache-control"], &headers["vary"]),
            (&"no-cache".parse().unwrap(), &"accept-encoding".parse().unwrap())
        );

        let known = headers["etag"].to_str().unwrap();
        let again = open(&service, &path, &[("accept-encoding", "gzip"), ("if-none-match", known)]).await;
        assert_eq!((again.0.as_u16(), again.2.len()), (304, 0), "{name}");
        let other = open(&service, &path, &[("if-none-match", known)]).await;
        assert_eq!(
            (other.0.as_u16(), &other.2[..]),
            (200, source.as_bytes()),
            "{name}: not compressed, another entity"
        );
        assert_ne!(other.1["etag"], known);
    }
    assert!(total < 60_000, "{total} bytes in all");
    let (status, ..) = open(&service, "/ui/secrets.js", &[]).await;
    assert_eq!(status, 404);
}

#[test]
fn the_page_names_all_of_its_modules_and_nothing_stands_inline() {
    let sources = sources();
    let names: BTreeSet<&str> = sources.iter().map(|(name, _)| name.as_str()).collect();
    let (_, html) = sources.iter().find(|(name, _)| name == "index.html").unwrap();
    let mut named: BTreeSet<&str> =
        html.split("\"/ui/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    named.insert("index.html");
    assert_eq!(named, names, "all are fetched at once, without waiting for whoever imports them");
    for (name, source) in &sources {
        for markup in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", " style=", "<script>", "eval("]
        {
            assert!(!source.contains(markup), "{name} has {markup}");
        }
        assert!(
            !source.contains("://") || source.lines().filter(|l| l.contains("://")).all(is_no_request),
            "{name}"
        );
        assert!(!has_ending(name, "js") || source.lines().count() < 250, "{name} is long");
    }
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == ending)
}

/// A namespace, or a source in a comment.
fn is_no_request(line: &str) -> bool {
    line.contains("www.w3.org") || line.trim_start().starts_with("//")
}
