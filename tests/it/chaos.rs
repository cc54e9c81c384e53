//! The harness of faults itself: its proxy does what its rules say, and its seed decides.

use std::{collections::BTreeSet, io::ErrorKind, net::SocketAddr, time::Duration};

use orderflow_tests::{
    chaos::{
        dice::Dice,
        faults,
        proxy::{Answers, Mishap, Proxy, Rules, Speaks, api},
    },
    waiting::PATIENCE,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};

/// Long enough to tell that something does not come; short, since this much is waited when all is well.
const NOTHING_FOR: Duration = Duration::from_millis(300);

/// A server that answers every frame with its number.
async fn broker(serving: &mut JoinSet<()>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    serving.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            connections.spawn(async move {
                while let Ok(length) = client.read_u32().await {
                    let mut frame = vec![0; length as usize];
                    client.read_exact(&mut frame).await.unwrap();
                    let answer = [&4_u32.to_be_bytes(), &frame[4..8]].concat();
                    client.write_all(&answer).await.unwrap();
                }
            });
        }
    });
    address
}

/// A request of this kind, as a client of this name sends it.
fn request(asks: i16, number: i32, client: &str) -> Vec<u8> {
    let mut body = [&asks.to_be_bytes()[..], &[0, 3], &number.to_be_bytes()].concat();
    body.extend_from_slice(&i16::try_from(client.len()).unwrap().to_be_bytes());
    body.extend_from_slice(client.as_bytes());
    [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], &body].concat()
}

async fn proxied(serving: &mut JoinSet<()>) -> Proxy {
    let behind = broker(serving).await;
    Proxy::start("127.0.0.1:0".parse().unwrap(), behind, Speaks::Kafka).await.unwrap()
}

/// The number of the request that is answered next.
async fn answered(client: &mut TcpStream) -> std::io::Result<i32> {
    assert_eq!(client.read_u32().await?, 4);
    client.read_i32().await
}

#[tokio::test]
async fn what_is_lost_is_the_answers_that_are_meant_and_no_others() {
    let mut serving = JoinSet::new();
    let proxy = proxied(&mut serving).await;
    let lost = Answers::next(1, &[api::END_TXN], Mishap::Lost);
    proxy.rule(Rules { answers: Some(lost.clone()), ..Rules::default() });

    let mut client = TcpStream::connect(proxy.front()).await.unwrap();
    client.write_all(&request(api::PRODUCE, 1, "payment-0")).await.unwrap();
    assert_eq!(answered(&mut client).await.unwrap(), 1);
    client.write_all(&request(api::END_TXN, 2, "payment-0")).await.unwrap();
    assert_eq!(answered(&mut client).await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(lost.left(), 0);

    let mut again = TcpStream::connect(proxy.front()).await.unwrap();
    again.write_all(&request(api::END_TXN, 3, "payment-0")).await.unwrap();
    assert_eq!(answered(&mut again).await.unwrap(), 3);
}

#[tokio::test]
async fn a_partition_holds_up_whom_it_is_about_and_loses_nothing() {
    let mut serving = JoinSet::new();
    let proxy = proxied(&mut serving).await;
    proxy.rule(Rules { silent: true, only: Some("payment-1".to_owned()), ..Rules::default() });

    let mut spared = TcpStream::connect(proxy.front()).await.unwrap();
    spared.write_all(&request(api::PRODUCE, 1, "payment-0")).await.unwrap();
    assert_eq!(answered(&mut spared).await.unwrap(), 1);
    let mut parted = TcpStream::connect(proxy.front()).await.unwrap();
    parted.write_all(&request(api::PRODUCE, 2, "payment-1")).await.unwrap();
    assert!(timeout(NOTHING_FOR, answered(&mut parted)).await.is_err());
    proxy.heal();
    assert_eq!(timeout(PATIENCE, answered(&mut parted)).await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn who_is_connected_when_the_way_goes_down_is_told_so() {
    let mut serving = JoinSet::new();
    let proxy = proxied(&mut serving).await;
    let mut client = TcpStream::connect(proxy.front()).await.unwrap();
    client.write_all(&request(api::PRODUCE, 1, "payment-0")).await.unwrap();
    assert_eq!(answered(&mut client).await.unwrap(), 1);
    proxy.rule(Rules { down: true, ..Rules::default() });
    assert!(timeout(PATIENCE, answered(&mut client)).await.unwrap().is_err());
    let mut late = TcpStream::connect(proxy.front()).await.unwrap();
    assert!(timeout(PATIENCE, answered(&mut late)).await.unwrap().is_err());
}

#[test]
fn the_seed_and_the_name_decide_what_is_drawn() {
    let draws = |seed, name| {
        let mut dice = Dice::of(seed, name);
        (0..20).map(|_| dice.between(0, 1_000)).collect::<Vec<_>>()
    };
    assert_eq!(draws(1, "a"), draws(1, "a"));
    assert_ne!(draws(1, "a"), draws(2, "a"));
    assert_ne!(draws(1, "a"), draws(1, "b"));
}

#[test]
fn each_fault_has_a_name_of_its_own_and_can_be_asked_for_by_it() {
    let all = faults::all();
    let names: BTreeSet<&str> = all.iter().map(|fault| fault.name()).collect();
    assert_eq!(names.len(), all.len());
    for name in names {
        let chosen = faults::named(&[name.to_owned()]).unwrap();
        assert_eq!(chosen.iter().map(|fault| fault.name()).collect::<Vec<_>>(), [name]);
    }
    let unknown = faults::named(&["earthquake".to_owned()]).err().unwrap().to_string();
    assert!(unknown.contains("earthquake") && unknown.contains("kill-point"), "{unknown}");
}
