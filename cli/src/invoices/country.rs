//! Which country a shop means. The names are those of the Online Retail data set, the codes ISO 3166-1 alpha-2.

/// Where the shop is: an order without a country is sent there.
pub(super) const HOME: &str = "GB";

/// Names, and the countries they mean.
const NAMES: [(&str, &str); 37] = [
    ("Australia", "AU"),
    ("Austria", "AT"),
    ("Bahrain", "BH"),
    ("Belgium", "BE"),
    ("Brazil", "BR"),
    ("Canada", "CA"),
    // Jersey and Guernsey have a code each; most of the islands' people live on Jersey.
    ("Channel Islands", "JE"),
    ("Cyprus", "CY"),
    ("Czech Republic", "CZ"),
    ("Denmark", "DK"),
    ("EIRE", "IE"),
    ("Finland", "FI"),
    ("France", "FR"),
    ("Germany", "DE"),
    ("Greece", "GR"),
    ("Hong Kong", "HK"),
    ("Iceland", "IS"),
    ("Israel", "IL"),
    ("Italy", "IT"),
    ("Japan", "JP"),
    ("Lebanon", "LB"),
    ("Lithuania", "LT"),
    ("Malta", "MT"),
    ("Netherlands", "NL"),
    ("Norway", "NO"),
    ("Poland", "PL"),
    ("Portugal", "PT"),
    ("RSA", "ZA"),
    ("Saudi Arabia", "SA"),
    ("Singapore", "SG"),
    ("Spain", "ES"),
    ("Sweden", "SE"),
    ("Switzerland", "CH"),
    // No code of a country, though shops write it as one.
    ("UK", "GB"),
    ("USA", "US"),
    ("United Arab Emirates", "AE"),
    ("United Kingdom", "GB"),
];

/// Names that mean no country.
const NOWHERE: [&str; 2] = ["European Community", "Unspecified"];

/// What a shop's name for a country means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Country {
    /// This one, by its code.
    Is(String),
    /// None: the shop did not know.
    Unspecified,
    /// A name that is not in the table.
    Unknown,
}

/// The country of a name; a code stands for itself.
pub(super) fn country(name: &str) -> Country {
    let is_code = || name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_uppercase());
    match NAMES.iter().find(|(known, _)| *known == name) {
        Some((_, code)) => Country::Is((*code).to_owned()),
        None if is_code() => Country::Is(name.to_owned()),
        None if NOWHERE.contains(&name) => Country::Unspecified,
        None => Country::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name in the data set.
    const SEEN: &str = "Australia|Austria|Bahrain|Belgium|Brazil|Canada|Channel Islands|Cyprus|Czech Republic|Denmark|\
        EIRE|European Community|Finland|France|Germany|Greece|Hong Kong|Iceland|Israel|Italy|Japan|Lebanon|Lithuania|\
        Malta|Netherlands|Norway|Poland|Portugal|RSA|Saudi Arabia|Singapore|Spain|Sweden|Switzerland|USA|\
        United Arab Emirates|United Kingdom|Unspecified";

    #[test]
    fn all_38_names_of_the_data_mean_something() {
        let seen: Vec<&str> = SEEN.split('|').collect();
        assert_eq!(seen.len(), 38);
        assert!(seen.iter().all(|name| country(name) != Country::Unknown));
        let nowhere: Vec<_> = seen.iter().filter(|name| country(name) == Country::Unspecified).collect();
        assert_eq!(nowhere, [&"European Community", &"Unspecified"]);
    }

    #[test]
    fn names_that_are_no_longer_used_mean_what_they_meant() {
        for (name, code) in
            [("EIRE", "IE"), ("RSA", "ZA"), ("Channel Islands", "JE"), ("Czech Republic", "CZ"), ("UK", "GB")]
        {
            assert_eq!(country(name), Country::Is(code.to_owned()));
        }
    }

    #[test]
    fn codes_stand_for_themselves_and_other_names_for_nothing() {
        assert_eq!(country("NZ"), Country::Is("NZ".to_owned()));
        assert_eq!(country("Atlantis"), Country::Unknown);
        assert_eq!(country("nz"), Country::Unknown);
    }
}
