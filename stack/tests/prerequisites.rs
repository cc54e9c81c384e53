//! What the machine has.

use orderflow_stack::prerequisites;

#[test]
fn what_is_found_has_a_version_and_a_place_and_the_rest_a_way_to_get_it() {
    let all = prerequisites();
    let names: Vec<_> = all.iter().map(|prerequisite| prerequisite.name).collect();
    assert_eq!(names, ["java", "mvn", "redis-server", "docker", "cargo"]);
    for prerequisite in &all {
        println!("{prerequisite:?}");
        match &prerequisite.found {
            Some(found) => assert!(found.contains(char::is_numeric) && found.ends_with(')'), "{found}"),
            None => assert!(prerequisite.complaint().unwrap().contains(prerequisite.how_to_get)),
        }
    }
}
