//! Where files are, as a setting says it.

use std::{fmt, path::PathBuf, str::FromStr};

use object_store::path::Path;

/// A folder, or `s3://bucket/prefix`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A local folder.
    Folder(PathBuf),
    /// A bucket of an S3-compatible store.
    Bucket {
        /// Its name.
        name: String,
        /// What every file's path begins with; may be empty.
        prefix: Path,
    },
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return if text.is_empty() { Err(unknown()) } else { Ok(Self::Folder(text.into())) };
        };
        if scheme != "s3" {
            return Err(unknown());
        }
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = Path::parse(prefix).map_err(|_| format!("the prefix {prefix:?} is no path"))?;
        if !is_bucket(name) {
            let rule = "3 to 63 lower-case letters, digits, dots and hyphens, without credentials or a port";
            return Err(format!("a bucket's name has {rule}; the endpoint is AWS_ENDPOINT_URL"));
        }
        Ok(Self::Bucket { name: name.to_owned(), prefix })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Bucket { name, prefix } => write!(f, "s3://{name}/{prefix}"),
        }
    }
}

fn is_bucket(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    (3..=63).contains(&name.len()) && name.bytes().all(fits)
}

fn unknown() -> String {
    "it is a folder, or s3://bucket/prefix".to_owned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("./labels", "./labels")]
    #[case("/var/lib/labels", "/var/lib/labels")]
    #[case("s3://labels", "s3://labels/")]
    #[case("s3://my.labels-1/shop/a/", "s3://my.labels-1/shop/a")]
    fn an_address_is_a_folder_or_a_bucket(#[case] text: &str, #[case] shown: &str) {
        let address: Address = text.parse().unwrap();
        assert_eq!(address.to_string(), shown);
        assert_eq!(matches!(address, Address::Bucket { .. }), text.starts_with("s3:"));
    }

    #[rstest]
    #[case::nothing("")]
    #[case::other_scheme("https://bucket.s3.amazonaws.com/labels")]
    #[case::no_bucket("s3://")]
    #[case::with_credentials("s3://key:secret@bucket/labels")]
    #[case::with_a_port("s3://localhost:9000/labels")]
    #[case::no_path("s3://labels/a//b")]
    fn anything_else_is_refused_without_repeating_what_may_be_a_secret(#[case] text: &str) {
        let refused = text.parse::<Address>().unwrap_err();
        assert!(!refused.contains("secret"), "{refused}");
    }
}
