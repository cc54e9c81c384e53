//! A child process, watched and ended.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::Duration;

use orderflow_stack::{Process, Spec};

const SOON: Duration = Duration::from_secs(20);

fn shell(script: &str, folder: &Path) -> Spec {
    Spec {
        name: "script".to_owned(),
        program: "/bin/sh".into(),
        args: vec!["-c".to_owned(), script.to_owned()],
        log: folder.join("script.log"),
        ..Spec::default()
    }
}

#[tokio::test]
async fn output_environment_and_exit_status_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = shell("echo \"to $WHOM\"; echo oops >&2; exit 3", folder.path());
    spec.env.push(("WHOM".to_owned(), "you all".to_owned()));
    let process = Process::start(&spec).unwrap();
    assert_eq!(process.wait(SOON).await.unwrap().code(), Some(3));
    assert_eq!(std::fs::read_to_string(process.log()).unwrap(), "to you all\noops\n");
}

#[tokio::test]
async fn a_process_that_dies_while_starting_fails_at_once_with_its_last_words() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(&shell("echo 'no such broker'; exit 1", folder.path())).unwrap();
    // Much longer than the test may take: only the early end can fail it.
    let ready = process.wait_ready("http://127.0.0.1:9/ready", Duration::from_hours(1)).await;
    let error = ready.unwrap_err().to_string();
    assert!(error.contains("no such broker") && error.contains("exit status: 1"), "{error}");
}

#[tokio::test]
async fn a_missing_program_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let spec = Spec { program: "/nowhere/payment".into(), ..shell("", folder.path()) };
    let error = Process::start(&spec).unwrap_err().to_string();
    assert!(error.contains("/nowhere/payment"), "{error}");
}

#[tokio::test]
async fn terminate_lets_it_finish_and_kill_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap 'echo finished; exit 0' TERM; echo up; while :; do sleep 0.01; done";
    let spec = shell(script, folder.path());
    let up = || async { std::fs::read_to_string(&spec.log).is_ok_and(|log| log.ends_with("up\n")) };

    let asked = Process::start(&spec).unwrap();
    asked.ready_when(SOON, up).await.unwrap();
    asked.terminate();
    assert!(asked.wait(SOON).await.unwrap().success());
    assert_eq!(std::fs::read_to_string(&spec.log).unwrap(), "up\nfinished\n");

    let killed = Process::start(&spec).unwrap();
    killed.ready_when(SOON, up).await.unwrap();
    killed.kill_9();
    assert!(!killed.is_running());
    assert_eq!(killed.exit_status().unwrap().signal(), Some(9));
    assert_eq!(std::fs::read_to_string(&spec.log).unwrap(), "up\nfinished\nup\n");
}

#[tokio::test]
async fn a_frozen_process_still_runs_and_can_be_ended() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(&shell("exec sleep 1000", folder.path())).unwrap();
    process.freeze();
    // A signal sent before the other took effect would overtake it.
    let stat = format!("/proc/{}/stat", process.pid());
    process
        .ready_when(SOON, || async { std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T ")) })
        .await
        .unwrap();
    process.terminate();
    assert!(process.wait(Duration::from_millis(50)).await.is_err());
    process.thaw();
    assert_eq!(process.wait(SOON).await.unwrap().signal(), Some(15));
}

#[tokio::test]
async fn memory_is_known_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(&shell("exec sleep 1000", folder.path())).unwrap();
    let memory = || process.memory().unwrap();
    // A process that has just begun has hardly any.
    process.ready_when(SOON, || async { memory().resident > 100_000 }).await.unwrap();
    assert!(memory().peak > 100_000, "{:?}", memory());
    process.kill_9();
    assert!(process.memory().is_err());
}
