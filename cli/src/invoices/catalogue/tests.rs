use super::*;
use crate::invoices::books::tests::books;

const BASE: &str = "version: own\npublished_at: 2026-11-01T00:00:00Z\nproducts:\n  \
    - { sku: A, name: Own, prices: { EUR: 700, GBP: 125 }, weight_grams: 5, stock: 3 }\n  \
    - { sku: Q, name: Own, prices: { EUR: 700 } }\n";

fn item(code: &str, price: i64) -> Item {
    Item { code: code.to_owned(), price }
}

fn of(product: &Value) -> (&str, i64, i64) {
    let number = |value: &Value| value.as_i64().unwrap();
    (product["sku"].as_str().unwrap(), number(&product["prices"]["GBP"]), number(&product["stock"]))
}

#[test]
fn every_price_is_a_sku_and_the_usual_one_is_the_stock_code() {
    let books = books(
        "1 a 2 09:00 1.50 7 France
         2 A 1 09:01 1.25 7 France
         3 A 4 09:02 1.25 - France
         4 Q 1 09:03 9.00 - France
         5 Q 1 09:04 8.00 - France",
    );
    let catalogue = Catalogue::of(&books, None).unwrap();
    let made: Vec<_> = catalogue.products.iter().map(of).collect();
    // Of two prices as frequent, the lower one is the usual.
    assert_eq!(made, [("A", 125, 50), ("A.150", 150, 20), ("Q", 800, 10), ("Q.900", 900, 10)]);
    assert_eq!(catalogue.products[0]["name"], "Thing A");
    assert_eq!(catalogue.published_at, "2011-06-10T09:04:00Z");
}

#[test]
fn each_item_is_found_at_its_own_price_and_at_no_other() {
    let books = books("1 A 2 09:00 1.50 7 France\n2 A 1 09:01 1.25 7 France");
    let skus = Catalogue::of(&books, None).unwrap().skus();
    assert_eq!(skus.find(&item("A", 125)).as_deref(), Some("A"));
    assert_eq!(skus.find(&item("A", 150)).as_deref(), Some("A.150"));
    assert_eq!(skus.find(&item("A", 151)), None);
    assert_eq!(skus.find(&item("Q", 125)), None);
}

#[test]
fn what_the_joined_catalogue_sells_stays_as_it_is() {
    let books = books(
        "1 A 1 09:00 1.25 7 France
         2 A 1 09:00 1.50 7 France
         3 Q 1 09:00 2.00 7 France
         4 C 1 09:00 3.00 7 France",
    );
    let base = Catalogue::parse(BASE).unwrap();
    let both = Catalogue::of(&books, Some(base.clone())).unwrap();
    assert_eq!(both.products[..2], base.products[..]);
    let added: Vec<_> = both.products[2..].iter().map(of).collect();
    assert_eq!(added, [("A.150", 150, 10), ("C", 300, 10), ("Q.200", 200, 10)]);
    assert!(both.version.starts_with("own+invoices-"), "{}", both.version);
    for sale in &books.sales {
        assert!(sale.units.keys().all(|item| both.skus().find(item).is_some()), "{sale:?}");
    }
}

#[test]
fn the_same_invoices_make_the_same_version_and_others_another() {
    let version = |rows| Catalogue::of(&books(rows), None).unwrap().version;
    assert_eq!(version("1 A 1 09:00 1.25 7 France"), version("1 A 1 09:00 1.25 7 France"));
    assert_ne!(version("1 A 1 09:00 1.25 7 France"), version("1 A 2 09:00 1.25 7 France"));
}

#[test]
fn a_catalogue_survives_its_file_and_codes_that_look_like_numbers_stay_text() {
    let books =
        books("1 22386 1 09:00 1.25 7 France\n2 22386 1 09:00 1.95 7 France\n3 1E5 1 09:00 1 7 France");
    let catalogue = Catalogue::of(&books, None).unwrap();
    assert_eq!(Catalogue::parse(&catalogue.to_yaml().unwrap()).unwrap(), catalogue);
}

#[test]
fn stock_codes_become_skus() {
    for (stock_code, sku) in
        [("85123a", "85123A"), ("gift_0001_20", "GIFT_0001_20"), ("Big box é", "BIG-BOX--")]
    {
        assert_eq!(code(stock_code), sku);
    }
}

#[test]
fn a_file_without_sales_makes_no_catalogue() {
    assert!(Catalogue::of(&books("1 POST 1 09:00 1.25 7 France"), None).is_err());
    assert!(Catalogue::parse("products: 3").is_err());
}

#[test]
fn what_intake_would_not_take_spoils_no_catalogue() {
    let (longest, longer) = ("A".repeat(64), "A".repeat(65));
    let books = books(&format!(
        "1 {longest} 1 09:00 1.25 7 France
         2 {longer} 1 09:01 1.25 7 France
         3 {longest} 1 09:02 1.50 7 France
         4 Q 900000000 09:03 1.25 7 France"
    ));
    let catalogue = Catalogue::of(&books, None).unwrap();
    let made: Vec<_> = catalogue.products.iter().map(of).collect();
    assert_eq!(made, [(longest.as_str(), 125, 10), ("Q", 125, 1_000_000_000)]);
}
