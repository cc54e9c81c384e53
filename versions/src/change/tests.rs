use super::*;

fn version(name: &str) -> ModelVersion {
    ModelVersion { version: name.to_owned(), folder: format!("fraud/{name}"), manifest_sha256: String::new() }
}

fn shadow(name: &str) -> Change {
    Change::Try { version: version(name), share: None }
}

fn canary(name: &str, share: f64) -> Change {
    Change::Try { version: version(name), share: Some(share) }
}

fn promote(name: &str) -> Change {
    Change::Promote { version: version(name), forced: false, gate: "passed".to_owned() }
}

fn asked() -> Asked {
    Asked { by: "ada".to_owned(), reason: "why not".to_owned(), at: Timestamp::UNIX_EPOCH }
}

/// One change after the other, and what is told of the last.
fn after(changes: impl IntoIterator<Item = Change>) -> (Option<Event>, ModelState) {
    changes.into_iter().fold((None, nothing_yet("fraud")), |(_, state), change| {
        let (event, state) = next(&state, change, &asked()).unwrap();
        (Some(event), state)
    })
}

fn refused(changes: impl IntoIterator<Item = Change>, change: Change) -> String {
    next(&after(changes).1, change, &asked()).unwrap_err().to_string()
}

/// `on live/previous candidate mode share`, `-` for none.
fn short(state: &ModelState) -> String {
    let name =
        |version: &Option<ModelVersion>| version.as_ref().map_or("-".to_owned(), |v| v.version.clone());
    let (live, previous, candidate) = (name(&state.live), name(&state.previous), name(&state.candidate));
    format!(
        "{} {live}/{previous} {} {candidate} {} {}",
        state.on, state.can_roll_back, state.mode, state.share
    )
}

#[test]
fn a_version_is_tried_promoted_and_rolled_back() {
    let steps = [shadow("1"), canary("1", 0.05), promote("1"), shadow("2"), promote("2"), Change::RollBack];
    let states: Vec<String> = (1..=steps.len()).map(|n| short(&after(steps[..n].to_vec()).1)).collect();
    assert_eq!(
        states,
        [
            "true -/- false 1 shadow 0",
            "true -/- false 1 canary 0.05",
            "true 1/- true - none 0",
            "true 1/- true 2 shadow 0",
            "true 2/1 true - none 0",
            "true 1/- false - none 0",
        ]
    );
    let (_, state) = after(steps);
    assert_eq!((state.revision, state.changed_by.as_str()), (6, "ada"));
}

#[test]
fn the_first_promotion_can_be_rolled_back_to_what_the_service_is_set_up_with() {
    let (event, state) = after([promote("1"), Change::RollBack]);
    assert_eq!(short(&state), "true -/- false - none 0");
    let Some(Event::RolledBack(event)) = event else { panic!("{event:?}") };
    assert_eq!((event.version, event.replaced), (None, version("1")));
}

#[test]
fn another_version_goes_on_being_tried_beside_the_one_that_is_promoted() {
    let (event, state) = after([canary("1", 0.5), promote("2")]);
    assert_eq!(short(&state), "true 2/- true 1 canary 0.5");
    let Some(Event::Promoted(event)) = event else { panic!("{event:?}") };
    assert_eq!((event.version, event.replaced, event.forced), (version("2"), None, false));
    // Going back to the one that is tried ends its trial.
    let (_, state) = after([promote("1"), promote("2"), shadow("1"), Change::RollBack]);
    assert_eq!(short(&state), "true 1/- false - none 0");
}

#[test]
fn events_say_what_the_state_says() {
    let (event, _) = after([shadow("1"), Change::EndTrial]);
    let Some(Event::Trialled(event)) = event else { panic!("{event:?}") };
    assert_eq!((event.version, event.mode.as_str(), event.share), (None, "none", 0.0));
    let (event, state) = after([promote("1"), Change::Switch { on: false }]);
    let Some(Event::Switched(event)) = event else { panic!("{event:?}") };
    assert!(!event.on);
    assert_eq!(short(&state), "false 1/- true - none 0");
    assert_eq!(event.switched_by, "ada");
}

#[test]
fn what_cannot_be_says_what_to_do() {
    for (changes, change, says) in [
        (vec![], Change::EndTrial, "no version is tried"),
        (vec![], Change::RollBack, "promote another version, or switch the model off"),
        (
            vec![promote("1"), promote("2"), Change::RollBack],
            Change::RollBack,
            "nothing to go back to from 1",
        ),
        (vec![promote("1")], shadow("1"), "try another one"),
        (vec![promote("1")], promote("1"), "live already"),
        (vec![shadow("1")], shadow("1"), "orderflow models report 1"),
        (vec![canary("1", 0.1)], canary("1", 0.1), "tried so already"),
        (vec![], Change::Switch { on: true }, "the model is on already"),
        (vec![Change::Switch { on: false }], Change::Switch { on: false }, "the model is off already"),
    ] {
        let refused = refused(changes, change);
        assert!(refused.contains(says), "{refused}");
    }
}
