#![allow(clippy::unwrap_used)]
use super::*;

const START: Time = Time(1_000 * SECOND);

fn id(of: u16) -> NodeId {
    let mut bytes = [0; 32];
    bytes[..2].copy_from_slice(&of.to_be_bytes());
    NodeId(bytes)
}

fn after(seconds: u64) -> Time {
    Time(START.0 + seconds * SECOND)
}

fn machine() -> Machine {
    Machine::new(id(100), START)
}

fn from(ip: [u8; 4]) -> SocketAddrV4 {
    SocketAddrV4::new(ip.into(), 5353)
}

fn announce(node: NodeId) -> Vec<u8> {
    message::announcement(node, 4711, Ipv4Addr::new(203, 0, 113, 9))
}

/// Everything that is done until then, with its time.
fn run(machine: &mut Machine, until: Time) -> Vec<(Time, Act)> {
    let mut done = Vec::new();
    while machine.next_wake() <= until {
        let now = machine.next_wake();
        let acts = machine.wake(now);
        assert!(!acts.is_empty(), "woken for nothing at {now:?}");
        done.extend(acts.into_iter().map(|act| (now, act)));
    }
    done
}

fn count(done: &[(Time, Act)], act: Act) -> usize {
    done.iter().filter(|(_, one)| *one == act).count()
}

#[test]
fn it_announces_itself_twice_and_asks_ever_more_seldom() {
    let mut machine = machine();
    let done = run(&mut machine, after(2));
    assert_eq!(count(&done, Act::Announce), 2);
    assert_eq!(count(&done, Act::Ask), 2);
    let day = run(&mut machine, after(86_400));
    assert_eq!(count(&day, Act::Announce), 0);
    assert!(
        (48..=60).contains(&count(&day, Act::Ask)),
        "{}",
        count(&day, Act::Ask)
    );
}

#[test]
fn who_announces_itself_is_met_at_the_address_it_speaks_from_and_not_at_the_one_it_names() {
    let mut machine = machine();
    machine.heard(START, from([192, 168, 1, 5]), &announce(id(200)));
    let acts = machine.wake(START);
    let there = SocketAddrV4::new([192, 168, 1, 5].into(), 4711);
    assert!(acts.contains(&Act::Meet(id(200), there)), "{acts:?}");
    machine.ended(START, id(200), true);
    machine.heard(after(5), from([192, 168, 1, 5]), &announce(id(200)));
    let later = run(&mut machine, after(300));
    assert!(
        later.iter().all(|(_, act)| !matches!(act, Act::Meet(..))),
        "met once is enough"
    );
}

#[test]
fn of_two_one_waits_for_the_other_to_dial() {
    let mut machine = machine();
    machine.heard(START, from([10, 0, 0, 1]), &announce(id(3)));
    assert!(
        !machine
            .wake(after(2))
            .iter()
            .any(|act| matches!(act, Act::Meet(..)))
    );
    assert!(machine.admit(after(2), id(3)));
    assert!(
        !machine
            .wake(after(9))
            .iter()
            .any(|act| matches!(act, Act::Meet(..)))
    );
    let mut alone = self::machine();
    alone.heard(START, from([10, 0, 0, 1]), &announce(id(3)));
    let acts = alone.wake(after(3));
    assert!(
        acts.iter().any(|act| matches!(act, Act::Meet(..))),
        "it does not wait for ever"
    );
}

#[test]
fn what_does_not_come_from_a_local_network_is_not_heard() {
    let mut machine = machine();
    for ip in [
        [203, 0, 113, 9],
        [127, 0, 0, 1],
        [100, 64, 0, 1],
        [8, 8, 8, 8],
        [224, 0, 0, 251],
        [0, 0, 0, 0],
    ] {
        machine.heard(START, from(ip), &announce(id(200)));
    }
    machine.heard(
        START,
        SocketAddrV4::new([192, 168, 1, 5].into(), 40_000),
        &announce(id(201)),
    );
    machine.heard(START, from([192, 168, 1, 5]), &announce(id(100)));
    assert_eq!(machine.others.len(), 0);
}

#[test]
fn a_question_is_answered_soon_but_a_flood_of_them_once_a_second() {
    let mut machine = machine();
    run(&mut machine, after(10));
    let mut answers = 0;
    for milliseconds in 0..10_000 {
        let now = Time(after(10).0 + milliseconds * 1000);
        machine.heard(now, from([10, 0, 0, 9]), &message::question());
        let acts = machine.wake(now);
        answers += acts.iter().filter(|act| **act == Act::Announce).count();
        assert!(!acts.contains(&Act::Ask), "another asked already");
    }
    assert!((9..=11).contains(&answers), "{answers}");
}

#[test]
fn a_flood_of_announcements_is_bounded_in_memory_and_in_dials() {
    let mut machine = machine();
    let mut dials = 0;
    for n in 0..60_000_u16 {
        // A thousand a second, from ever other addresses.
        let now = Time(START.0 + u64::from(n) * 1000);
        let ip = [10, 1, (n >> 8) as u8, n as u8];
        machine.heard(now, from(ip), &announce(id(n)));
        for act in machine.wake(now) {
            if let Act::Meet(node, _) = act {
                dials += 1;
                machine.ended(now, node, false);
            }
        }
        assert!(machine.others.len() <= MOST);
    }
    assert!(dials <= 17, "{dials} dials in a minute");
}

#[test]
fn one_address_holds_few_places_and_others_are_met_while_it_floods() {
    let mut machine = machine();
    for n in 1000..2000 {
        machine.heard(START, from([10, 0, 0, 66]), &announce(id(n)));
    }
    machine.heard(START, from([10, 0, 0, 7]), &announce(id(5000)));
    assert_eq!(machine.others.len(), MOST_OF_ONE + 1);
    let mut met = false;
    for second in 0..60 {
        for act in machine.wake(after(second)) {
            if let Act::Meet(node, _) = act {
                met |= node == id(5000);
                machine.ended(after(second), node, node == id(5000));
            }
        }
    }
    assert!(met);
}

#[test]
fn nobody_can_move_a_key_to_another_address() {
    let mut machine = machine();
    machine.heard(START, from([192, 168, 1, 5]), &announce(id(200)));
    machine.heard(START, from([192, 168, 1, 66]), &announce(id(200)));
    let acts = machine.wake(START);
    let there = SocketAddrV4::new([192, 168, 1, 5].into(), 4711);
    assert!(acts.contains(&Act::Meet(id(200), there)));
}

#[test]
fn a_key_that_does_not_answer_is_tried_three_times() {
    let mut machine = machine();
    machine.heard(START, from([192, 168, 1, 5]), &announce(id(200)));
    let mut tries = 0;
    while machine.next_wake() < after(580) {
        let now = machine.next_wake();
        for act in machine.wake(now) {
            if let Act::Meet(node, _) = act {
                tries += 1;
                machine.ended(now, node, false);
            }
        }
    }
    assert_eq!(tries, TRIES);
}

#[test]
fn introductions_of_strangers_who_dial_are_counted_too() {
    let mut machine = machine();
    let admitted = (0..1000).filter(|n| machine.admit(START, id(*n))).count();
    assert_eq!(admitted as u64, BURST);
    assert!(!machine.admit(after(59), id(2)));
    assert!(machine.admit(after(61), id(2)));
}
